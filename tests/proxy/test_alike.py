"""Requests that differ in their id and trace alone: each has its own, and who routes or splits by them is obeyed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.core.model import KeySource, Match, Route, Rule, Snapshot, Source
from tests.core.build import compare
from tests.proxy.standin import Worker, snapshot, variant
from tests.support.client import request
from tests.support.http1 import Reply
from tests.support.origin import Origin

Start = Callable[[Snapshot], Worker]
ID = Source("header", "X-Request-Id")
IDS = [f"{number:032x}" for number in range(40)]


def asked(worker: Worker, ids: list[str]) -> list[Reply]:
    """The answers to requests that have nothing but these to tell them apart, over one connection."""
    with worker.connect() as client:
        replies = []
        for each in ids:
            trace = f"traceparent: 00-{each[:-1]}1-00f067aa0ba902b7-01"
            client.send(request("POST", "/x", f"X-Request-ID: {each}", trace, body=b"abc"))
            replies.append(client.reply("POST"))
        return replies


def variants(worker: Worker, ids: list[str]) -> list[str]:
    return [reply.text("x-gateway-variant") for reply in asked(worker, ids)]


def test_each_has_its_own_id_and_trace(start: Start, origin: Origin) -> None:
    worker = start(snapshot(variant("v", origin.url)))
    assert [reply.text("x-request-id") for reply in asked(worker, IDS)] == IDS
    seen = origin.wait_heads(len(IDS))
    assert [each.one("x-request-id") for each in seen] == [each.encode() for each in IDS]
    assert [each.one("traceparent") for each in seen] == [
        f"00-{each[:-1]}1-00f067aa0ba902b7-01".encode() for each in IDS
    ]


def split(origin: Origin, **settings: object) -> Snapshot:
    """Two variants, `a` and `b`, with one route that takes everything, its key always the same unless told."""
    made = snapshot(variant("a", origin.url), variant("b", origin.url))
    route = Route("all", Match("/*"), {"a": 1}, targeting_key=(KeySource(Source("path")),), salt="all")
    return replace(made, routes={"all": replace(route, **settings)})  # type: ignore[arg-type]


def by_key(origin: Origin) -> Snapshot:
    return split(origin, split={"a": 1, "b": 1}, targeting_key=(KeySource(ID),))


def by_rule(origin: Origin) -> Snapshot:
    segments = {"odd": compare("header", "x-request-id", "in", tuple(IDS[1::2]))}
    return replace(split(origin, rules=(Rule("odd", "odd", {"b": 1}),)), segments=segments)


def by_route(origin: Origin) -> Snapshot:
    made = split(origin)
    other = Route("one", Match("/*", headers=(("X-Request-ID", IDS[3]),)), {"b": 1}, salt="one")
    return replace(made, routes={**made.routes, "one": other})


@pytest.mark.parametrize("made", [by_key, by_rule, by_route])
def test_who_looks_at_the_id_sees_that_of_each(
    start: Start, origin: Origin, made: Callable[[Origin], Snapshot]
) -> None:
    """The same as for requests that come one at a time, to workers that have seen no other."""
    worker = start(made(origin))
    found = variants(worker, IDS)
    assert variants(worker, IDS) == found
    worker.send(replace(worker.snapshot, serial=2))
    assert variants(worker, IDS[::-1]) == found[::-1]
    assert set(Counter(found)) == {"a", "b"}
    if made is by_rule:
        assert found == ["a", "b"] * 20
    if made is by_route:
        assert [IDS[number] for number, name in enumerate(found) if name == "b"] == [IDS[3]]


def test_from_the_change_on_that_first_looks_at_it(start: Start, origin: Origin) -> None:
    """And no longer once nobody does."""
    worker = start(split(origin))
    assert set(variants(worker, IDS)) == {"a"}
    worker.send(replace(by_rule(origin), serial=2))
    assert variants(worker, IDS) == ["a", "b"] * 20
    worker.send(replace(split(origin), serial=3))
    assert set(variants(worker, IDS)) == {"a"}
