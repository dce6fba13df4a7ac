"""Short ways to write requests and snapshots down."""

from collections.abc import Mapping

from gateway.core.facts import Facts
from gateway.core.model import Condition, Match, Operand, Operator, Route, Snapshot, Source, SourceKind, Test


def request(
    path: str = "/",
    *,
    method: str = "POST",
    query: bytes = b"",
    host: str = "api.example.com",
    headers: Mapping[str, str | bytes] | None = None,
    client: str = "192.0.2.1",
    body: bytes | None = None,
) -> Facts:
    """A request, its header values as text or bytes."""
    fields = {
        name.encode(): value if isinstance(value, bytes) else value.encode() for name, value in (headers or {}).items()
    }
    return Facts(method.encode(), path.encode(), query, host.encode(), fields, client=client, body=body)


def route(name: str = "fraud", **fields: object) -> Route:
    """A route at /NAME with one variant, unless said otherwise."""
    given: dict[str, object] = {"match": Match(f"/{name}"), "split": {"v1": 1}, "salt": name, **fields}
    return Route(name, **given)  # type: ignore[arg-type]


def snapshot(*routes: Route, segments: Mapping[str, Condition] | None = None) -> Snapshot:
    """Routes and the segments that they name."""
    return Snapshot(listen=(), variants={}, routes={each.name: each for each in routes}, segments=segments or {})


def compare(kind: SourceKind, name: str, operator: Operator, operand: Operand) -> Test:
    """One comparison."""
    return Test(Source(kind, name), operator, operand)


def never() -> float:
    """For decisions that must need no random number."""
    raise AssertionError("a random number was drawn")
