"""What is fuzzed: for each target a function of bytes that raises where the code under it does what it must never do.

Every input is allowed; what it must lead to is said here: an answer, a refusal, the same result however it was cut.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gateway.config.faults import ConfigError
from gateway.config.load import load
from gateway.core.compare import judge, rules
from gateway.core.copies import Observation
from gateway.core.model import Compare, Protocol
from gateway.proxy.streams import EventStream
from gateway.wire.fields import Field
from gateway.wire.intake import Intake
from gateway.wire.request import Request
from gateway.wire.uptake import Uptake
from gateway.wire.whole import Heads, read_reply, read_request

Target = Callable[[bytes], None]
NOWHERE = Path("/nonexistent")


def pieces(data: bytes) -> tuple[list[bytes], bytes]:
    """Data in pieces, whose size its first byte says, and the whole."""
    size, whole = data[0] % 64 + 1 if data else 1, data[1:]
    return [whole[at : at + size] for at in range(0, len(whole), size)], whole


# ---- requests


@dataclass
class Bounds:
    header: int = 4096
    body: int = 65536


@dataclass
class Client:
    """As much of a client's connection as the reading of requests needs."""

    queue: list[Request] = field(default_factory=list)
    out: list[bytes] = field(default_factory=list)
    closing: bool = False
    peer: str = "127.0.0.1"
    secure: bool = False
    memo: tuple[bytes, bytes] | None = None

    def flush(self) -> None: ...
    def answer(self, parts: list[bytes]) -> None: ...
    def reply_done(self) -> None: ...
    def abort(self) -> None: ...
    def hold(self, on: bool) -> None: ...


Seen = tuple[bytes, bytes, bytes | None, list[Field], bytes]


def _complete(parts: Iterable[bytes]) -> list[Seen]:
    client = Client()
    intake = Intake(client, Bounds())
    for part in parts:
        intake.feed(part)
    return [_seen(request) for request in client.queue if request.complete and request.fault is None]


def _seen(request: Request) -> Seen:
    return request.method, request.target, request.host, request.fields, b"".join(request.body)


_HEADS = Heads(vary=True)
"""Of all that were read before."""


def requests(data: bytes) -> None:
    """The requests found do not depend on how the bytes were cut, nor on which of the two readers found them."""
    parts, whole = pieces(data)
    found = _complete([whole])
    assert _complete(parts) == found, "cut otherwise, other requests are found"
    bounds = Bounds()
    for heads in (Heads(), _HEADS):
        plain = read_request(whole, Client(), heads, header=bounds.header, body=bounds.body)
        assert plain is None or [_seen(plain)] == found, "the reader of whole requests finds another one"


# ---- replies


class Model:
    """Who asked for the reply that is read, and what was told of it."""

    def __init__(self) -> None:
        self.body = b""
        self.caller: Model | None = self
        self.reader: Model | None = self

    def on_interim(self, status: int, reason: bytes, fields: list[Field]) -> None: ...
    def on_reply(self, uptake: Uptake) -> None: ...

    def on_reply_body(self, data: bytes) -> None:
        self.body += data


Reply = tuple[int, list[Field], bytes, bool]


def _reply(parts: Iterable[bytes]) -> Reply | None:
    """The reply that was read without a fault, as far as it came."""
    model = Model()
    uptake = Uptake(model)
    uptake.begin(head_only=False, upgrade=False)
    for part in parts:
        if uptake.fault is None and not uptake.done:
            uptake.feed(part)
    if uptake.fault is not None:
        return None
    return uptake.status, uptake.fields, model.body, uptake.done


def replies(data: bytes) -> None:
    """The same of replies: a whole one is the same however it was cut."""
    parts, whole = pieces(data)
    found, again = _reply([whole]), _reply(parts)
    assert found is None or again is None or found == again, "cut otherwise, another reply is found"
    plain = read_reply(whole)
    if plain is not None:
        head, body = plain
        assert found is not None, "the reader of whole replies takes what the other refuses"
        assert (head.status, head.fields, body) == found[:3], "the reader of whole replies finds another one"


# ---- configuration


def configuration(data: bytes) -> None:
    """Either a configuration, or faults with their places; never anything else."""
    try:
        load(data, name="fuzz", folder=NOWHERE)
    except ConfigError as refused:
        faults = refused.faults
    else:
        return
    assert faults, "refused without a fault"
    assert all(fault.message for fault in faults)


# ---- comparison

PROTOCOLS: tuple[Protocol, ...] = ("http", "openai", "oip")
KINDS = (b"application/json", b"text/event-stream", b"text/plain", b"application/octet-stream")
RULES = (
    Compare(),
    Compare(ignore=("$..id", "$.a[*]"), relative=0.01),
    Compare(unordered=("$.a", "$..data"), absolute=1.0),
    Compare(at={"$.a": {"as": "argmax"}, "$.b": {"as": "cosine", "min": 0.9}, "$..c": {"as": "text"}}),
)
READY = [rules(each, protocol) for each in RULES for protocol in PROTOCOLS]
BETWEEN = b"\n---\n"


def comparison(data: bytes) -> None:
    """A judgement, whatever the two replies; and a reply never differs from itself."""
    first, second, body = data[:1] or b"\0", data[1:2] or b"\0", data[2:]
    left, _, right = body.partition(BETWEEN)
    applied = READY[first[0] % len(READY)]
    fields: tuple[tuple[bytes, bytes], ...] = ((b"content-type", KINDS[second[0] % len(KINDS)]),)
    if second[0] & 64:
        fields += ((b"content-encoding", b"gzip"),)
    if second[0] & 128:
        fields += ((b"inference-header-content-length", b"%d" % (first[0] // 2)),)
    live, shadow = Observation(200, fields, left, 0.1), Observation(200, fields, right, 0.1)
    outcome = judge(applied, live, shadow).outcome
    assert outcome in {"matched", "mismatched", "ignored"}
    assert judge(applied, live, live).outcome in {"matched", "ignored"}, "a reply differs from itself"


# ---- event streams


def events(data: bytes) -> None:
    """What goes to the client is what came, in order, nothing lost and nothing made."""
    parts, whole = pieces(data)
    stream = EventStream()
    passed = b"".join(map(stream.feed, parts))
    assert whole.startswith(passed), "something else than what came"
    assert passed + stream.rest() == whole, "something is lost"


TARGETS: dict[str, Target] = {
    "requests": requests,
    "replies": replies,
    "configuration": configuration,
    "comparison": comparison,
    "events": events,
}
WORDS: dict[str, list[bytes]] = {
    "requests": [
        *(b"GET", b"POST", b"HTTP/1.1", b"HTTP/1.0", b"Host:", b"Content-Length:", b"Transfer-Encoding:", b"chunked"),
        *(b"Connection:", b"close", b"upgrade", b"Upgrade:", b"Expect:", b"100-continue", b"websocket", b"0", b"ffff"),
        *(b"\r\n", b"\r\n\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n", b": ", b" ", b"\n", b"\r"),
    ],
    "replies": [
        *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 \r\n", b"Content-Length: 5", b"Transfer-Encoding: chunked", b"\r\n"),
        *(b"\r\n\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n", b"204", b"304", b"101", b"Connection: close", b"\n", b"\r"),
    ],
    "configuration": [
        *(b"listen:", b"variants:", b"routes:", b"segments:", b"endpoints:", b"match:", b"path:", b"split:", b"rules:"),
        *(
            b"${env:A}",
            b"5s",
            b"25%",
            b"64KiB",
            b"{}",
            b"[]",
            b"all:",
            b"any:",
            b"not:",
            b"matches:",
            b"&a",
            b"*a",
            b"<<:",
        ),
        *(b"!!str", b"null", b"true", b"1e999", b"0x10", b"|", b">", b"-", b"?", b"fallback:", b"shadow:", b"compare:"),
        *(b"at:", b"\n", b"\n  ", b": ", b'"', b"'", b"\t"),
    ],
    "comparison": [
        *(
            BETWEEN,
            b"{",
            b"}",
            b"[",
            b"]",
            b'"a":',
            b"1e999",
            b"NaN",
            b"-0",
            b"null",
            b'"\\ud800"',
            b"data: ",
            b"[DONE]",
        ),
        *(b"\n\n", b'"choices":', b'"outputs":', b'"data":', b'"shape":', b'"datatype":"FP32"', b'"BYTES"'),
    ],
    "events": [
        *(b"data: ", b"\n\n", b"\r\n\r\n", b"\r\r", b": ", b"event: ", b'{"choices":[{"delta":{}}]}', b"[DONE]"),
        *(b'{"error":1}', b"id: ", b"\n"),
    ],
}
