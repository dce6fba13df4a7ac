"""A client's request as a variant gets it: path, fields and body, as on the live way."""

import gzip

import pytest

from gateway.core.copies import Asked, Fields
from gateway.core.model import Headers, Match, Protocol, Route, Variant
from gateway.shadow.errors import UncomparedError
from gateway.shadow.requests import is_patient, request

ADDED = (("x-gateway-route", "r"), ("x-gateway-variant", "v"), ("x-gateway-shadow", "r"))
CHAT = b'{"model": "a", "messages": []}'
CODED = ((b"content-encoding", b"gzip"),)


def asked(fields: Fields = (), body: bytes = b"", *, path: bytes = b"/v1/x", query: bytes = b"") -> Asked:
    return Asked(b"POST", path, query, fields, body, "id")


def route(protocol: Protocol = "http", match: str = "/v1/*") -> Route:
    return Route("r", Match(match), {"v": 1}, protocol)


@pytest.mark.parametrize(
    ("path", "query", "own", "target"),
    [
        (b"/v1/x", b"", None, "/v1/x"),
        (b"/v1/x", b"a=%2F&b", None, "/v1/x?a=%2F&b"),
        (b"/v1/x/%7e", b"q=1", "/m/{rest}/y", "/m/x/%7e/y?q=1"),
        ("/v1/é".encode(), b"", None, "/v1/é"),
    ],
)
def test_the_target_is_the_variants_own(path: bytes, query: bytes, own: str | None, target: str) -> None:
    """Escapes stay as they are, and so does the query."""
    sent = request(asked(path=path, query=query), route(), Variant("v", (), path=own), inspect=1000)
    assert (sent.method, sent.target) == ("POST", target)


def test_a_model_of_its_own_stands_in_an_oip_path() -> None:
    """As on the live way."""
    sent = request(asked(path=b"/v2/models/a/infer"), route("oip"), Variant("v", (), model="b"), inspect=1000)
    assert sent.target == "/v2/models/b/infer"


def test_fields_pass_in_order_and_case_but_for_credentials() -> None:
    """And for what belongs to one connection, and what only the gateway says."""
    given = (
        *((b"X-A", b"1"), (b"Authorization", b"Bearer s3cret"), (b"x-a", b"2"), (b"Cookie", b"k=s3cret")),
        *((b"Proxy-Authorization", b"s3cret"), (b"X-Gateway-Variant", b"forged"), (b"Connection", b"close")),
        *((b"x-request-id", b"id"), (b"traceparent", b"00-1"), (b"x-forwarded-for", b"10.0.0.1")),
    )
    kept = (
        ("X-A", "1"),
        ("x-a", "2"),
        ("x-request-id", "id"),
        ("traceparent", "00-1"),
        ("x-forwarded-for", "10.0.0.1"),
    )
    sent = request(asked(given), route(), Variant("v", ()), inspect=1000)
    assert sent.fields == (*kept, *ADDED)
    assert sent.host is None


def test_the_variants_own_fields_replace_and_remove() -> None:
    """Credentials among them; the Host is one of them; what the gateway adds stays."""
    headers = Headers(
        (("Authorization", "Bearer own"), ("HOST", "models.test"), ("X-Tier", "b")), ("X-Drop", "x-request-id")
    )
    given = ((b"authorization", b"Bearer client"), (b"x-tier", b"a"), (b"x-drop", b"1"), (b"x-request-id", b"id"))
    sent = request(asked(given), route(), Variant("v", (), headers=headers), inspect=1000)
    own = (("Authorization", "Bearer own"), ("X-Tier", "b"))
    assert (sent.host, sent.fields) == ("models.test", (("x-request-id", "id"), *ADDED, *own))


@pytest.mark.parametrize(
    ("protocol", "model", "fields", "body", "sent"),
    [
        ("http", None, (), b"\x00\xff", b"\x00\xff"),
        ("http", "b", (), CHAT, CHAT),
        ("openai", None, (), CHAT, CHAT),
        ("openai", None, CODED, gzip.compress(CHAT, mtime=0), gzip.compress(CHAT, mtime=0)),
        ("openai", "b", (), CHAT, b'{"model": "b", "messages": []}'),
        ("openai", "b", CODED, gzip.compress(CHAT, mtime=0), b'{"model": "b", "messages": []}'),
        ("openai", "b", (), b"", b""),
        ("oip", "b", (), b'{"model": "a"}', b'{"model": "a"}'),
    ],
)
def test_a_model_of_its_own_is_written_into_openai_bodies(
    protocol: Protocol, model: str | None, fields: Fields, body: bytes, sent: bytes
) -> None:
    """Which then go without their coding; all others go as they came."""
    made = request(asked(fields, body), route(protocol), Variant("v", (), model=model), inspect=1000)
    coding = () if sent != body else tuple((name.decode(), value.decode()) for name, value in fields)
    assert (made.body, made.fields) == (sent, (*coding, *ADDED))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (asked(body=b"[]"), "no_model"),
        (asked(body=b"{" + b" " * 1000 + b"}"), "no_model"),
        (asked(((b"content-encoding", b"br"),), CHAT), "no_model"),
        (asked(((b"x-name", b"caf\xe9"),), CHAT), "not_utf8"),
        (asked(path=b"/v1/\xff"), "not_utf8"),
    ],
)
def test_what_cannot_be_sent_as_it_should_be_is_not_sent(given: Asked, why: str) -> None:
    """It is told why."""
    with pytest.raises(UncomparedError) as caught:
        request(given, route("openai"), Variant("v", (), model="b"), inspect=1000)
    assert (caught.value.outcome, caught.value.why) == ("ignored", why)


@pytest.mark.parametrize(
    ("protocol", "body", "patient"),
    [
        ("openai", b'{"stream": true}', False),
        ("openai", b'{"stream": false}', True),
        ("openai", b"?", True),
        ("http", b"?", False),
        ("oip", b"{}", False),
    ],
)
def test_who_may_take_long_to_begin(protocol: Protocol, body: bytes, patient: bool) -> None:
    """Chat completions that are no streams."""
    assert is_patient(asked(body=body), route(protocol), inspect=1000) is patient
