"""A sample request as a worker would send it to a variant.

It decides whether its route would take it, and what becomes of its target, its fields and its body on the way. It must
not know how it is sent.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.admin.operations import RefusedError, Sample
from gateway.core.bodies import write_model
from gateway.core.decide import CompiledRoute
from gateway.core.model import Snapshot, Variant
from gateway.core.pool import host
from gateway.core.routing import Miss, RouteTable, path_fault
from gateway.core.upstream_path import upstream_path

Fields = tuple[tuple[str, str], ...]

_OURS = frozenset(
    {
        *("connection", "content-length", "expect", "host", "keep-alive", "proxy-authenticate", "proxy-authorization"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
        *("traceparent", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-request-id"),
    }
)
"""Fields that a worker drops or makes anew."""
_NOWHERE = "localhost"
_PORT = re.compile(r":[0-9]*\Z")


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `host` None stands for each endpoint's own authority."""

    method: str
    target: str
    host: str | None = None
    fields: Fields = ()
    body: bytes = b""


def plain(variant: Variant, path: str) -> Request:
    """A GET of that path, with the fields that the variant's requests are given."""
    return Request("GET", path, host(variant), _added(variant))


def request(snapshot: Snapshot, variant: Variant, sample: Sample, *, mark: str) -> Request:
    """The sample on its way to the variant; RefusedError where its route would not take it. `mark` is a random number
    of 32 hexadecimal digits that becomes the request's id."""
    path, _, query = sample.path.partition("?")
    route = _route(snapshot, sample, path.encode())
    if len(sample.body) > snapshot.limits.body:
        raise RefusedError(f"sample.body: at most limits.body is due, {snapshot.limits.body} bytes")
    target = upstream_path(path.encode(), route.route, variant).decode("latin-1")
    return Request(
        sample.method,
        f"{target}?{query}" if "?" in sample.path else target,
        host(variant),
        (*_passing(sample, variant), *_marks(mark, _host(snapshot, sample)), *_named(route, variant)),
        _body(snapshot, route, variant=variant, sample=sample),
    )


def _route(snapshot: Snapshot, sample: Sample, path: bytes) -> CompiledRoute:
    fault = path_fault(path)
    if fault is not None:
        raise RefusedError(f"sample.path: {fault}")
    headers = {name.lower().encode(): value.encode() for name, value in reversed([*sample.headers.items()])}
    asked = _PORT.sub("", _host(snapshot, sample)).lower().encode()
    found = RouteTable(snapshot).find(asked, path, sample.method.encode(), headers)
    if isinstance(found, Miss):
        what = f"{sample.method} {sample.path}"
        raise RefusedError(f"sample: no route takes {what} with these headers; one that {sample.route} takes is due")
    if found.name != sample.route:
        raise RefusedError(f"sample: route {found.name} takes it; one that {sample.route} takes is due")
    return found


def _host(snapshot: Snapshot, sample: Sample) -> str:
    """The sample's own, or one that its route takes."""
    given = (value for name, value in sample.headers.items() if name.lower() == "host")
    wanted = snapshot.routes[sample.route].match.host or _NOWHERE
    return next(given, wanted.replace("*", "sample"))


def _passing(sample: Sample, variant: Variant) -> Iterator[tuple[str, str]]:
    replaced = {name.lower() for name, _ in variant.headers.set} | {name.lower() for name in variant.headers.remove}
    for name, value in sample.headers.items():
        low = name.lower()
        if low not in _OURS and low not in replaced and not low.startswith("x-gateway-"):
            yield name, value


def _marks(mark: str, asked: str) -> Fields:
    return (
        ("x-request-id", mark),
        ("traceparent", f"00-{mark}-{mark[8:24]}-01"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", asked),
    )


def _named(route: CompiledRoute, variant: Variant) -> Fields:
    return (("x-gateway-route", route.name), ("x-gateway-variant", variant.name), *_added(variant))


def _added(variant: Variant) -> Fields:
    return tuple((name, value) for name, value in variant.headers.set if name.lower() != "host")


def _body(snapshot: Snapshot, route: CompiledRoute, *, variant: Variant, sample: Sample) -> bytes:
    if variant.model is None or route.route.protocol != "openai" or not sample.body:
        return sample.body
    coded = [value for name, value in sample.headers.items() if name.lower() == "content-encoding"]
    if coded not in ([], ["identity"]) or len(sample.body) > snapshot.limits.inspect_body:
        raise RefusedError(
            f"sample.body: the name {variant.model} is written into it, so one without a content-encoding, of at most "
            f"{snapshot.limits.inspect_body} bytes (limits.inspect_body), is due"
        )
    written = write_model(sample.body, variant.model)
    if written is None:
        raise RefusedError(f"sample.body: a JSON object is due, since the name {variant.model} is written into it")
    return written
