"""Snapshots as hypothesis makes them up: small, right, and often alike in part."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from gateway.core import model
from gateway.core.model import Share, Snapshot, Source

VARIANTS = ("v1", "v2", "v3", "v4")
ROUTES = ("r1", "r2", "r3")
SEGMENTS = ("s1", "s2")

ENDPOINTS = tuple(model.Endpoint(f"http://10.0.0.{n}:80", "http", f"10.0.0.{n}", 80) for n in (1, 2, 3))
USER = model.KeySource(Source("header", "x-user"))
UID = model.KeySource(Source("cookie", "uid"), issue=3600.0)


def _equals(operand: model.Operand) -> model.Test:
    return model.Test(Source("json", "$.a"), "eq", operand)


def some(*values: object) -> st.SearchStrategy[Any]:
    """One of a few values, so that two draws often agree."""
    return st.sampled_from(values)


CONDITIONS = some(
    *(_equals(1), _equals(True), _equals("1"), Share(0.25), Share(0.5), model.Not(Share(0.25))),
    *(model.All((_equals(1), Share(0.5))), model.AnyOf((_equals(1), Share(0.5)))),
)
SPLITS = st.lists(st.tuples(some(*VARIANTS), st.integers(0, 6)), min_size=1, max_size=4, unique_by=lambda each: each[0])
WEIGHTED = SPLITS.map(dict).filter(lambda split: any(split.values()))


def _variant(name: str) -> st.SearchStrategy[model.Variant]:
    return st.builds(
        model.Variant,
        st.just(name),
        some(ENDPOINTS[:1], ENDPOINTS[:2], ENDPOINTS[2:]),
        tls=some(model.UpstreamTls(), model.UpstreamTls(verify=False), model.UpstreamTls(ca="/ca.pem", digest="1")),
        version=some("", "2"),
        metadata=some({}, {"a": 1}, {"a": True}, {"a": [{"b": None}]}),
        path=some(None, "/x"),
        headers=some(model.Headers(), model.Headers((("authorization", "secret-1"),)), model.Headers(remove=("x",))),
        timeouts=some(model.Timeouts(), model.Timeouts(first_byte=10.0)),
        concurrency=some(1024, 8),
        health=some(None, model.Health("/ready")),
    )


def _route(name: str) -> st.SearchStrategy[model.Route]:
    rules = st.lists(st.tuples(some(*SEGMENTS), WEIGHTED), max_size=2, unique_by=lambda each: each[0])
    return st.builds(
        model.Route,
        st.just(name),
        some(model.Match(f"/{name}"), model.Match(f"/{name}/*", ("POST",))),
        WEIGHTED,
        protocol=some("http", "openai"),
        targeting_key=some((USER,), (USER, UID), ()),
        salt=some(name, "salt"),
        rules=rules.map(lambda each: tuple(model.Rule(segment, segment, split) for segment, split in each)),
        fallback=some(
            model.Fallback(), model.Fallback(variants=("v1",)), model.Fallback(response=model.FixedResponse())
        ),
        deadline=some(300.0, 10.0),
        shadow=some((), (model.Shadow("v4"),), (model.Shadow("v4", sample=0.5),)),
    )


def _named(names: tuple[str, ...], make: Any, *, all_of: bool) -> st.SearchStrategy[dict[str, Any]]:
    orders = st.permutations(names)
    chosen = orders if all_of else st.tuples(orders, st.integers(0, len(names))).map(lambda each: each[0][: each[1]])
    return chosen.flatmap(lambda some: st.tuples(*(make(name) for name in some)).map(lambda built: _by(some, built)))


def _by(names: Any, built: Any) -> Mapping[str, Any]:
    return dict(zip(names, built, strict=True))


def snapshots() -> st.SearchStrategy[Snapshot]:
    """Any snapshot of a few routes; every variant and segment that a route may name is there."""
    return st.builds(
        Snapshot,
        some((), (model.Listener("0.0.0.0", 80),), (model.Listener("0.0.0.0", 80, "/c", "/k", "1"),)),
        _named(VARIANTS, _variant, all_of=True),
        _named(ROUTES, _route, all_of=False),
        _named(SEGMENTS, lambda _: CONDITIONS, all_of=True),
        limits=some(model.Limits(), model.Limits(body=1 << 20)),
        access_log=some(model.AccessLog(), model.AccessLog("-", 0.5)),
        trusted_proxies=some((), ("10.0.0.0/8",)),
        expose_headers=st.booleans(),
    )
