"""A whole gateway: what a candidate is sent is what the live variant was sent."""

import gzip
import json
from collections.abc import Iterator

import pytest

from tests.support.gateway import Gateway
from tests.support.http1 import Fields, Request
from tests.support.origin import Origin

CHAT = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "é"}], "n": 1.0}).encode()
NOT_COPIED = ("authorization", "cookie", "proxy-authorization")
OWN = {b"host", b"x-gateway-variant", b"x-gateway-shadow", *(name.encode() for name in NOT_COPIED)}


@pytest.fixture(scope="module")
def models() -> Iterator[tuple[Origin, Origin]]:
    """Who answers live, and its shadow."""
    with Origin() as live, Origin() as shadow:
        yield live, shadow


@pytest.fixture(scope="module")
def gateway(models: tuple[Origin, Origin]) -> Iterator[Gateway]:
    """Routes whose two variants have the same settings."""
    settings: dict[str, dict[str, object]] = {
        "plain": {},
        "moved": {"path": "/m/{rest}", "headers": {"set": {"x-set": "1"}, "remove": ["x-drop"]}},
        "oip": {"model": "other"},
        "openai": {"model": "other"},
    }
    sections: dict[str, dict[str, object]] = {"variants": {}, "routes": {}}
    for name, own in settings.items():
        for role, model in zip(("live", "shadow"), models, strict=True):
            sections["variants"][f"{name}-{role}"] = {"endpoints": [model.url], **own}
        sections["routes"][name] = {
            "match": {"path": {"oip": "/v2/*"}.get(name, f"/{name}/*")},
            "protocol": name if name in ("oip", "openai") else "http",
            "split": {f"{name}-live": 1},
            "shadow": [{"variant": f"{name}-shadow", "noise": "0%"}],
        }
    with Gateway({"workers": 1, **sections}) as running, running.connect() as client:
        while not models[1].complete:  # until the first copy has come
            assert client.post("/plain/first", b"").status == 200
        while accounted(running) < len(models[0].complete):
            pass
        yield running


def accounted(gateway: Gateway) -> float:
    """Copies of which it is known what came of them."""
    return gateway.total("gateway_shadow_comparisons_total") + gateway.total("gateway_shadow_dropped_total")


@pytest.mark.parametrize(
    ("target", "fields", "body"),
    [
        ("/plain/a%2Fb//c?q=%20&q", {"X-Odd-Case": "1", "content-type": "text/plain"}, b"\x00\xff"),
        ("/plain/coded", {"content-encoding": "gzip"}, gzip.compress(b"{}", mtime=0)),
        ("/plain/traced", {"traceparent": f"00-{'1' * 32}-{'2' * 16}-01", "x-request-id": "mine"}, b"x"),
        ("/plain/private", dict.fromkeys(NOT_COPIED, "s3cret"), b"x"),
        ("/plain/empty", {}, b""),
        ("/moved/x/y?z=1", {"X-Drop": "1", "x-set": "9", "x-kept": "1"}, b"x" * 100_000),
        ("/v2/models/mine/infer", {"content-type": "application/json"}, b'{"inputs": []}'),
        ("/openai/v1/chat/completions", {"content-type": "application/json"}, CHAT),
        ("/openai/v1/chat/completions", {"content-encoding": "gzip"}, gzip.compress(CHAT, mtime=0)),
    ],
    ids=["as it is", "coded", "traced", "private", "empty", "moved", "oip", "openai", "openai coded"],
)
def test_a_candidate_is_sent_what_the_live_variant_was_sent(
    gateway: Gateway, models: tuple[Origin, Origin], target: str, fields: dict[str, str], body: bytes
) -> None:
    """The same method, path, query, fields in the same order, and body; but for names, the mark, and credentials."""
    for model in models:
        model.clear()
    with gateway.connect() as client:
        answer = client.post(target, body, *(f"{name}: {value}" for name, value in fields.items()))
        assert answer.status == 200
    (live,), (copy,) = (model.wait_requests(1) for model in models)
    assert (copy.method, copy.target, copy.body) == (live.method, live.target, live.body)
    assert shared(copy) == shared(live)
    assert [copy.all(name) for name in NOT_COPIED] == [[], [], []]
    assert copy.text("x-gateway-shadow") == copy.text("x-gateway-route")
    assert copy.text("x-gateway-variant") == live.text("x-gateway-variant").replace("live", "shadow")
    assert [model.faults for model in models] == [[], []]


def shared(request: Request) -> Fields:
    """The fields that both are to have."""
    return tuple((name, value) for name, value in request.fields if name.lower() not in OWN)
