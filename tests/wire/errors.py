"""What every error answer of the gateway's own must look like (contract: Errors the gateway itself answers)."""

from tests.support.http1 import Reply

STATUS = {
    "no_route": 404,
    "method_not_allowed": 405,
    "bad_request": 400,
    "timeout": 408,
    "body_too_large": 413,
    "uri_too_long": 414,
    "header_too_large": 431,
    "upstream_error": 502,
    "no_available_variant": 503,
    "overloaded": 503,
    "upstream_timeout": 504,
    "not_implemented": 501,
    "version_not_supported": 505,
}


def assert_error(reply: Reply, *codes: str) -> None:
    """The reply is the gateway's own error with one of those codes, complete and in shape."""
    error = reply.json()["error"]
    assert isinstance(error, dict), error
    assert set(error) == {"code", "type", "message", "request_id"}, error
    assert error["code"] in codes, error
    assert (reply.status, error["type"]) == (STATUS[error["code"]], "gateway_error")
    assert error["message"], error
    assert reply.text("x-request-id") == error["request_id"]
    assert reply.text("content-type").partition(";")[0] == "application/json"
    assert reply.framing == "length"


def assert_refused(reply: Reply, *codes: str) -> None:
    """As `assert_error`, and the reply says that the connection ends."""
    assert_error(reply, *codes)
    assert reply.closing, reply.fields
