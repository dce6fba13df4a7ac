"""The errors the gateway itself answers, and those it ends with. One small tree; nothing here does input or output."""

from dataclasses import dataclass


class GatewayError(Exception):
    """Base of everything this package raises on purpose."""


class StartError(GatewayError):
    """The gateway cannot start or go on; the message is one clear line for an operator."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of the gateway's own: its code, its HTTP status, and one sentence for the caller."""

    code: str
    status: int
    message: str


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
    "internal_error": 500,
}
"""Code to HTTP status, for every error the gateway answers with."""


def refusal(code: str, message: str) -> Refusal:
    """The refusal with that code; KeyError for a code the contract does not name."""
    return Refusal(code, STATUS[code], message)
