"""Nobody moved: callers stay with their variant, plans come true, and every answer comes from whom `explain` names.

In full: plans against a million keys, `explain` against a hundred thousand requests.
"""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from gateway.config.load import load
from gateway.core import overrides
from gateway.core.decide import CompiledRoute, Segments
from gateway.core.explain import explain
from gateway.core.facts import Facts
from gateway.core.model import Snapshot
from gateway.core.plan import plan
from gateway.core.records import Override
from tests.processes.changes import api, put, status
from tests.support.gateway import Gateway
from tests.whole.asking import ask_all, variants
from tests.whole.callers import Answer
from tests.whole.models import models
from tests.whole.scale import sized, tell

KEYS = sized(20_000, 1_000_000)
REQUESTS = sized(2_000, 100_000)
USERS = [f"user-{number}" for number in range(sized(300, 3_000))]
WITHIN = sized(4 * 0.5 / 20_000**0.5, 0.002)
"""How far a counted share may lie from the planned one: 0.2 points, or four standard deviations of fewer keys."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with models() as found:
        yield found


def snapshot(settings: Mapping[str, object]) -> Snapshot:
    return load(json.dumps(settings).encode(), name="", folder=Path()).snapshot


# ---- plans


SEGMENTS = {"trial": {"share": "30%"}, "early": {"share": "7%"}}
CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"split": {"a": 95, "b": 5}}, {"split": {"a": 50, "b": 50}}),
    ({"split": {"a": 7, "b": 2, "c": 1}}, {"split": {"a": 1, "b": 9, "c": 3}}),
    (
        {"split": {"a": 9, "b": 1}, "rules": [{"segment": "trial", "split": {"b": 1, "c": 1}}]},
        {"split": {"a": 3, "c": 1}, "rules": [{"segment": "early", "split": {"c": 1}}]},
    ),
]


def divided(route: dict[str, Any]) -> Snapshot:
    whole = {"match": {"path": "/*"}, "targeting_key": [{"header": "x-user"}], **route}
    endpoints = {"endpoints": ["http://127.0.0.1:1"]}
    variants = dict.fromkeys("abc", endpoints)
    return snapshot({"listen": ["127.0.0.1:1"], "segments": SEGMENTS, "variants": variants, "routes": {"r": whole}})


def picker(found: Snapshot) -> Callable[[bytes], str]:
    route = CompiledRoute(found.routes["r"], Segments(found.segments))
    return lambda key: route.decide(Facts(b"GET", b"/", b"", b"", {b"x-user": key}, ""), lambda: 0.0).variant


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_a_plan_says_what_picks_do(before: dict[str, Any], after: dict[str, Any]) -> None:
    old, new = divided(before), divided(after)
    planned = plan(old, new).routes["r"]
    first, second = picker(old), picker(new)
    counted = Counter((first(key), second(key)) for key in (b"key-%d" % number for number in range(KEYS)))
    moves = {(each.source, each.target): each.share for each in planned.moves}
    sides = [(planned.before, 0), (planned.after, 1)]
    off = [
        abs(shares.get(name, 0.0) - sum(count for pair, count in counted.items() if pair[side] == name) / KEYS)
        for shares, side in sides
        for name in "abc"
    ]
    pairs = [pair for pair in product("abc", repeat=2) if len(set(pair)) == 2]
    off += [abs(moves.get(pair, 0.0) - counted[pair] / KEYS) for pair in pairs]
    tell(f"{KEYS} keys: planned shares and moves off by {max(off):.5f} at most")
    assert max(off) < WITHIN
    assert {pair for pair in pairs if counted[pair]} <= set(moves)


# ---- what explain says


RICH: dict[str, Any] = {
    "workers": 2,
    "segments": {
        "gold": {"header": "x-tier", "eq": "gold"},
        "large": {"all": [{"json": "$.amount", "gt": 1000}, {"not": {"query": "dry", "exists": True}}]},
        "new-app": {"any": [{"header": "x-app", "semver": ">=2.1"}, {"cookie": "beta", "in": ["yes", "1"]}]},
        "tenth": {"share": "10%"},
        "local": {"client": "ip", "cidr": ["127.0.0.0/8"]},
    },
    "routes": {
        "fraud": {
            "match": {"path": "/v1/fraud", "methods": ["POST"]},
            "targeting_key": [{"header": "x-user"}, {"cookie": "uid"}, {"json": "$.user.id"}],
            "rules": [
                {"segment": "gold", "split": {"c": 1}},
                {"segment": "large", "split": {"a": 1, "b": 2}},
                {"segment": "tenth", "split": {"b": 1, "c": 1}},
            ],
            "split": {"a": 70, "b": 25, "c": 5},
        },
        "prefix": {
            "match": {"path": "/v1/*"},
            "targeting_key": [{"query": "user"}],
            "rules": [{"segment": "new-app", "split": {"b": 1}}],
            "split": {"a": 1, "b": 1},
        },
        "tenant": {
            "match": {"path": "/v1/*", "host": "tenant.example"},
            "targeting_key": [{"header": "x-user"}],
            "rules": [{"name": "near", "segment": "local", "split": {"c": 2, "a": 1}}],
            "split": {"c": 1},
        },
        "special": {"match": {"path": "/v1/*", "headers": {"x-api": "2"}}, "split": {"b": 1}},
    },
}


class Made(NamedTuple):
    """A request, as bytes and as facts."""

    data: bytes
    facts: Facts


def some(chance: random.Random, options: list[str]) -> str:
    """One of them, or nothing."""
    return chance.choice(["", *options])


def made(chance: random.Random) -> Made:
    user = f"u{chance.randrange(10_000)}"
    method = chance.choice(["POST", "POST", "GET"])
    path = chance.choice(["/v1/fraud", "/v1/fraud", "/v1/other", "/v1/a/b", "/v2/none"])
    query = some(chance, [f"user={user}", "dry=1", f"user=%75{user}&dry"])
    fields = {
        "host": chance.choice(["a.example", "a.example", "tenant.example"]),
        "x-user": some(chance, [user]),
        "cookie": some(chance, [f"uid={user}", "beta=yes", f'uid="{user}"; beta=no']),
        "x-tier": some(chance, ["gold", "silver"]),
        "x-app": some(chance, ["2.1.0", "2.0.9", "3", "no version"]),
        "x-api": some(chance, ["1", "2"]) if chance.random() < 0.2 else "",
    }
    document = {"amount": chance.choice([5, 999, 1001, 5e9, "1001", None]), "user": {"id": chance.choice([user, 17])}}
    body = orjson.dumps(document) if method == "POST" else b""
    given = {name: value for name, value in fields.items() if value}
    if body:
        given |= {"content-type": "application/json", "content-length": str(len(body))}
    lines = [f"{method} {path}{'?' if query else ''}{query} HTTP/1.1", *(f"{k}: {v}" for k, v in given.items())]
    headers = {name.encode(): value.encode() for name, value in given.items()}
    host = fields["host"].encode()
    facts = Facts(method.encode(), path.encode(), query.encode(), host, headers, "127.0.0.1", body or None)
    return Made("\r\n".join([*lines, "", ""]).encode() + body, facts)


def agrees(in_force: Snapshot, each: Made, answer: Answer) -> bool:
    """Whether the answer came from whom `explain` names, for the reason it gives."""
    said = explain(in_force, each.facts, lambda: 0.5)
    if said.variant is None:
        return bool(orjson.loads(answer.body)["error"]["code"] == said.reason)
    seen = [answer.text(b"x-gateway-" + name) for name in (b"route", b"reason", b"variant")]
    wanted = [said.route, said.reason, said.variant]
    unkeyed = said.key is None and len(seen[2]) > 0  # a random choice is as good as the other
    return answer.status == 200 and (seen == wanted or (unkeyed and seen[:2] == wanted[:2]))


@pytest.mark.timeout(600)
def test_every_request_goes_where_explain_says(url: str) -> None:
    """In one half of them a variant is disabled."""
    settings = RICH | {"variants": {name: {"endpoints": [url], "concurrency": 10_000} for name in "abc"}}
    chance = random.Random(4)
    with Gateway(settings) as gateway:
        in_force = snapshot(json.loads(gateway.file.read_text()))
        requests = [made(chance) for _ in range(REQUESTS)]
        half = len(requests) // 2
        routes: Counter[str] = Counter()
        for part in (requests[:half], requests[half:]):
            answers = ask_all(gateway.port, [each.data for each in part])
            routes.update(each.text(b"x-gateway-route") for each in answers)
            wrong = [pair for pair in zip(part, answers, strict=True) if not agrees(in_force, *pair)]
            assert not wrong, (len(wrong), wrong[0][0].data, wrong[0][1])
            said = {"enabled": False, "reason": "ill"}
            since = api(gateway).call("PUT", "variants", "b", "enabled", body=said).document["time"]
            ill = Override("variant_disabled", "b", "anonymous", "ill", since=since)
            in_force = overrides.apply(in_force, [ill])
    tell(f"{len(requests)} requests went where explain says: {dict(routes)}")
    assert set(routes) == {"", "fraud", "prefix", "tenant", "special"}


# ---- staying


def staying(url: str, *, weight: int = 3, **sections: object) -> dict[str, Any]:
    variants = {name: {"endpoints": [url]} for name in "abc"}
    route = {"match": {"path": "/*"}, "targeting_key": [{"header": "x-user"}], "split": {"a": weight, "b": 1, "c": 0}}
    return {"workers": 2, "variants": variants, "routes": {"r": route}, **sections}


def change(gateway: Gateway, settings: dict[str, Any]) -> None:
    put(gateway, json.dumps(json.loads(gateway.file.read_text()) | settings))


def other_things(url: str) -> dict[str, Any]:
    """A new variant, another route before the first, a limit: nothing that concerns the callers."""
    settings = staying(url, limits={"header_timeout": "9s"})
    settings["variants"]["d"] = {"endpoints": [url]}
    settings["routes"]["r"]["split"]["d"] = 0
    settings["routes"] = {"other": {"match": {"path": "/other"}, "split": {"d": 1}}, **settings["routes"]}
    return settings


def kill_worker(gateway: Gateway, *, at: int) -> None:
    """The launcher starts another, and control adopts it."""
    pids = gateway.workers
    os.kill(pids[at], signal.SIGKILL)
    while pids[at] in gateway.workers or len(gateway.workers) < len(pids):
        time.sleep(0.01)
    gateway.wait_ready()


@pytest.mark.timeout(120)
def test_callers_stay_through_reload_restart_and_kill(url: str) -> None:
    with Gateway(staying(url)) as gateway:
        begun = variants(gateway.port, USERS)
        steps: dict[str, Callable[[], None]] = {
            "a reload of other things": lambda: change(gateway, other_things(url)),
            "a worker killed": lambda: kill_worker(gateway, at=0),
            "a restart": gateway.restart,
            "all killed": lambda: gateway.restart(kill=True),
            "all weights doubled": lambda: change(gateway, doubled(url)),
        }
        for step, act in steps.items():
            act()
            assert variants(gateway.port, USERS) == begun, step
        change(gateway, staying(url, weight=1))
        ramped = variants(gateway.port, USERS)
        assert {(begun[user], ramped[user]) for user in USERS} == {("a", "a"), ("b", "b"), ("a", "b")}
        change(gateway, staying(url))
        assert variants(gateway.port, USERS) == begun
        assert status(gateway)["kept"]
    tell(f"{len(USERS)} callers stayed through {', '.join(steps)}")


def doubled(url: str) -> dict[str, Any]:
    settings = staying(url)
    split = settings["routes"]["r"]["split"]
    settings["routes"]["r"]["split"] = {name: 2 * weight for name, weight in split.items()}
    return settings
