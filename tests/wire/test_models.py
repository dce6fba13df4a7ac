"""The model's name in openai bodies: each variant gets its own, and one without gets the client's."""

import json
import zlib

import pytest

from tests.support import kernel
from tests.support.gateway import Told
from tests.support.origin import Origin, marker

BODY = b'{"model": "asked", "n": 12345678901234567890, "messages": []}'


def settings(origin: Origin, first: str | None, second: str | None) -> dict[str, object]:
    """The first variant cannot be reached, and is always tried; the second is the origin."""
    tried = {"breaker": {"mode": "disabled"}}
    dead = {"endpoints": [f"http://127.0.0.1:{kernel.free_port()}"], **tried, **({"model": first} if first else {})}
    alive = {"endpoints": [origin.url], **({"model": second} if second else {})}
    route = {
        "protocol": "openai",
        "match": {"path": "/v1/*"},
        "split": {"dead": 1},
        "fallback": {"variants": ["alive"]},
    }
    return {"workers": 1, "variants": {"dead": dead, "alive": alive}, "routes": {"chat": route}}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(None, None, "asked"), ("one", None, "asked"), (None, "two", "two"), ("one", "two", "two")],
)
@pytest.mark.parametrize("coding", ["", "deflate"])
def test_each_variant_gets_its_name(
    coding: str, first: str | None, second: str | None, expected: str, origin: Origin, told: Told
) -> None:
    body = zlib.compress(BODY) if coding else BODY
    with told(settings(origin, first, second)) as gateway, gateway.connect() as client:
        fields = b"Content-Encoding: deflate\r\n" if coding else b""
        client.send(b"POST /v1/chat HTTP/1.1\r\nHost: a\r\n%bContent-Length: %d\r\n\r\n" % (fields, len(body)) + body)
        answer = client.reply()
    assert answer.body == marker("/v1/chat")
    assert answer.text("x-gateway-reason") == "fallback:connect"
    [seen] = origin.complete
    touched = first is not None or second is not None
    sent = zlib.decompress(seen.body) if coding and not touched else seen.body
    assert sent == BODY.replace(b"asked", expected.encode())
    assert ("content-encoding" in seen.names) is (bool(coding) and not touched)
    assert json.loads(sent)["n"] == 12345678901234567890
