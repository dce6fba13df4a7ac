"""Changes in words: every difference, and no secret."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from hypothesis import given

from gateway.core import model
from gateway.core.changes import changes
from gateway.core.model import Headers, Listener, Match, Route, Rule, Shadow, Share, Snapshot, Source, Variant
from gateway.core.same import same
from tests.core.build import compare, route
from tests.core.snapshots import ENDPOINTS, UID, USER, snapshots

VARIANT = Variant(
    "fraud-4",
    ENDPOINTS[:2],
    headers=Headers((("X-Api-Key", "secret-1"), ("x-team", "secret-2")), ("cookie",)),
    metadata={"team": "risk"},
)
ROUTE = route(
    "fraud",
    match=Match("/v1/fraud", ("POST",), headers=(("x-api", "2"), ("authorization", "secret-3"))),
    split={"fraud-3": 95, "fraud-4": 5},
    rules=(Rule("gold", "gold", {"fraud-4": 1}), Rule("eu", "eu", {"fraud-4": 1, "fraud-3": 1})),
    targeting_key=(USER,),
    shadow=(Shadow("fraud-5"),),
)
BEFORE = Snapshot(
    (Listener("0.0.0.0", 80), Listener("0.0.0.0", 443, "/c", "/k", "1")),
    {"fraud-4": VARIANT},
    {"fraud": ROUTE},
    {"gold": compare("header", "x-tier", "eq", "gold"), "eu": Share(0.5)},
)


def _of_variant(**changed: Any) -> Snapshot:
    return replace(BEFORE, variants={"fraud-4": replace(VARIANT, **changed)})


def _of_route(**changed: Any) -> Snapshot:
    return replace(BEFORE, routes={"fraud": replace(ROUTE, **changed)})


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (_of_variant(endpoints=ENDPOINTS[1:]), ["endpoints: http://10.0.0.3:80 added, http://10.0.0.1:80 removed"]),
        (_of_variant(endpoints=ENDPOINTS[1::-1]), ["endpoints: now [http://10.0.0.2:80, http://10.0.0.1:80]"]),
        (_of_variant(timeouts=model.Timeouts(first_byte=10.0)), ["timeouts.first_byte: 30 s -> 10 s"]),
        (_of_variant(ejection=model.Ejection(for_=1.0)), ["ejection.for: 5 s -> 1 s"]),
        (_of_variant(retry=model.Retry(when=("connect", 503))), ["retry.when: 503 added"]),
        (_of_variant(health=model.Health("/ready")), ["health: none -> path /ready"]),
        (_of_variant(tls=model.UpstreamTls(digest="2")), ["tls: its files hold something else"]),
        (_of_variant(path="/x"), ["path: none -> /x"]),
        (_of_variant(metadata={"team": "fraud", "v": 1}), ["metadata team: risk -> fraud", "metadata v added"]),
        (
            _of_variant(breaker=model.BreakerSettings(error_statuses=((500, 502), (504, 504)), slow_after=2.0)),
            [
                "breaker.error_statuses: 500-502 added, 504-504 added, 500-599 removed",
                "breaker.slow_after: auto -> 2 s",
            ],
        ),
        (
            _of_variant(headers=Headers((("X-Api-Key", "secret-9"), ("new", "secret-8")))),
            [
                "headers.remove: cookie removed",
                "headers.set X-Api-Key: changes (not shown)",
                "headers.set new added",
                "headers.set x-team removed",
            ],
        ),
        (
            _of_variant(headers=Headers((("x-team", "secret-2"), ("X-Api-Key", "secret-1")), ("cookie",))),
            ["headers.set order: now x-team, X-Api-Key"],
        ),
    ],
)
def test_changes_of_a_variant(after: Snapshot, said: list[str]) -> None:
    """In the configuration's own words."""
    assert changes(BEFORE, after) == [("variant fraud-4", each) for each in said]


GOLD, EU = ROUTE.rules


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (
            _of_route(split={"fraud-3": 50, "fraud-5": 1}),
            ["split: fraud-3 95 -> 50, fraud-4 removed (was 5), fraud-5 added with 1"],
        ),
        (_of_route(split={"fraud-4": 5, "fraud-3": 95}), ["split: now in the order fraud-4, fraud-3"]),
        (_of_route(rules=(EU, GOLD)), ["rule order: now eu, gold"]),
        (_of_route(rules=(GOLD,)), ["rule eu removed"]),
        (
            _of_route(rules=(Rule("all", "eu", {"fraud-3": 1}), replace(GOLD, segment="eu", split={"fraud-4": 2}), EU)),
            [
                "rule all added as number 1: segment eu, split fraud-3 1",
                "rule gold.segment: gold -> eu",
                "rule gold.split: fraud-4 1 -> 2",
            ],
        ),
        (
            _of_route(targeting_key=(UID, USER)),
            ["targeting_key: [header x-user] -> [cookie uid (issued for 1 h), header x-user]"],
        ),
        (
            _of_route(fallback=model.Fallback(variants=("fraud-3",))),
            ["fallback.variants: the heaviest of the split -> [fraud-3]"],
        ),
        (_of_route(fallback=model.Fallback(response=model.FixedResponse())), ["fallback.response: none -> status 200"]),
        (_of_route(deadline=10.0, salt="s"), ["deadline: 300 s -> 10 s", "salt: fraud -> s"]),
        (_of_route(shadow=(Shadow("fraud-5", sample=0.1),)), ["shadow fraud-5.sample: 100 % -> 10 %"]),
        (_of_route(shadow=(Shadow("x", sample=0.1),)), ["shadow fraud-5 removed", "shadow x added: sample 10 %"]),
        (
            _of_route(shadow=(Shadow("fraud-5", compare=model.Compare(relative=0.5, at={"$.a": {"as": "set"}})),)),
            ["shadow fraud-5.compare.at $.a added", "shadow fraud-5.compare.numbers.rel: 0 -> 0.5"],
        ),
        (
            _of_route(match=replace(ROUTE.match, methods=(), headers=(("x-api", "3"), ("authorization", "secret-4")))),
            [
                "match.headers authorization: changes (not shown)",
                "match.headers x-api: 2 -> 3",
                "match.methods: POST removed",
            ],
        ),
    ],
)
def test_changes_of_a_route(after: Snapshot, said: list[str]) -> None:
    """Rules and shadows by name; lists whose order decides are shown whole."""
    assert changes(BEFORE, after) == [("route fraud", each) for each in said]


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (BEFORE, []),
        (replace(BEFORE, revision=9, serial=9, disabled=frozenset({"fraud-4"}), forced={"fraud-4": "open"}), []),
        (replace(BEFORE, segments=dict(reversed(BEFORE.segments.items()))), []),
        (replace(BEFORE, expose_headers=False), [("expose_headers", "true -> false")]),
        (replace(BEFORE, limits=model.Limits(body=1 << 20)), [("limits", "body: 64 MiB -> 1 MiB")]),
        (
            replace(BEFORE, access_log=model.AccessLog("-", 0.5)),
            [("access_log", "path: none -> -"), ("access_log", "sample: 100 % -> 50 %")],
        ),
        (replace(BEFORE, trusted_proxies=("10.0.0.0/8",)), [("trusted_proxies", "10.0.0.0/8 added")]),
        (
            replace(BEFORE, listen=(Listener("::1", 80), Listener("0.0.0.0", 443, "/c2", "/k", "2"))),
            [
                ("listen", "0.0.0.0:443.cert: /c -> /c2"),
                ("listen", "0.0.0.0:443: its files hold something else"),
                ("listen", "0.0.0.0:80 removed"),
                ("listen", "[::1]:80 added"),
            ],
        ),
        (replace(BEFORE, listen=BEFORE.listen[::-1]), [("listen", "order: now 0.0.0.0:443, 0.0.0.0:80")]),
        (
            replace(BEFORE, segments={"eu": Share(0.25), "gold": compare("header", "x-tier", "eq", True)}),
            [
                ("segment eu", "share 50 % -> share 25 %"),
                ("segment gold", 'header x-tier eq "gold" -> header x-tier eq true'),
            ],
        ),
        (
            replace(BEFORE, segments={"gold": Share(0.5)}),
            [("segment eu", "removed"), ("segment gold", 'header x-tier eq "gold" -> share 50 %')],
        ),
        (
            replace(BEFORE, variants={"new": Variant("new", ENDPOINTS[:1], version="7")}, routes={}),
            [
                ("route fraud", "removed"),
                ("variant fraud-4", "removed"),
                ("variant new", "added: http://10.0.0.1:80, version 7"),
            ],
        ),
        (
            replace(BEFORE, routes=BEFORE.routes | {"new": route("new", match=Match("/n", host="h"))}),
            [("route new", "added: h/n, split v1 1")],
        ),
        (
            replace(BEFORE, variants=BEFORE.variants | {"new": Variant("new", ENDPOINTS[:1])}),
            [("variant new", "added: http://10.0.0.1:80")],
        ),
    ],
)
def test_changes_of_the_whole(after: Snapshot, said: list[tuple[str, str]]) -> None:
    """Sorted. Overrides, numbers, and the order of names are none."""
    assert changes(BEFORE, after) == said


def test_what_cannot_be_shown_is_named_all_the_same() -> None:
    """Secrets, and what lies beyond a line's end."""
    long = "x" * 100
    before = replace(BEFORE, segments={"a": compare("header", "authorization", "eq", "secret-5")})
    after = replace(BEFORE, segments={"a": compare("header", "authorization", "eq", "secret-6")})
    assert changes(before, after) == [("segment a", "changes beyond what is shown here")]
    assert changes(_of_variant(version=long + "1"), _of_variant(version=long + "2")) == [
        ("variant fraud-4", "version: changes beyond what is shown here")
    ]


def _sections(each: Snapshot) -> list[object]:
    """The snapshot as far as it is configured, names in any order."""
    return [
        *(dict(sorted(section.items())) for section in (each.variants, each.routes, each.segments)),
        *(each.listen, each.limits, each.access_log, each.trusted_proxies, each.expose_headers),
    ]


@given(snapshots(), snapshots())
def test_every_difference_is_a_change(before: Snapshot, after: Snapshot) -> None:
    """And nothing else is; each is one printable line, in order, without secrets."""
    found = changes(before, after)
    assert bool(found) is not same(_sections(before), _sections(after))
    assert found == sorted(found)
    assert all(what and change and f"{what}: {change}".isprintable() for what, change in found)
    assert "secret" not in repr(found)


def _mutations(each: Any) -> list[Any]:
    """The object with one field changed, for each of its fields and of theirs."""
    found = []
    for field in fields(each):
        value = getattr(each, field.name)
        below = _mutations(value) if is_dataclass(value) else [_other(value)]
        found += [replace(each, **{field.name: changed}) for changed in below]
    return found


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    return type(value)() if value else ("x",)


FULL = replace(VARIANT, path="/", model="m", tls=model.UpstreamTls("/ca", "/c", "/k", "n"), health=model.Health("/h"))


@pytest.mark.parametrize("after", [each for each in _mutations(FULL) if each.name == FULL.name], ids=lambda _: "")
def test_no_field_of_a_variant_is_forgotten(after: Variant) -> None:
    """Each is told, when it alone changes, those of its parts as well."""
    found = changes(replace(BEFORE, variants={FULL.name: FULL}), replace(BEFORE, variants={FULL.name: after}))
    assert found
    assert "secret" not in repr(found)


@pytest.mark.parametrize("after", [each for each in _mutations(ROUTE) if each.name == ROUTE.name], ids=lambda _: "")
def test_no_field_of_a_route_is_forgotten(after: Route) -> None:
    """Each is told, when it alone changes, those of its parts as well."""
    found = changes(BEFORE, replace(BEFORE, routes={ROUTE.name: after}))
    assert found
    assert "secret" not in repr(found)


def test_a_source_may_be_told_apart_by_its_kind() -> None:
    """The same name elsewhere is another value."""
    before = replace(BEFORE, segments={"s": model.Test(Source("header", "a"), "eq", "1")})
    after = replace(BEFORE, segments={"s": model.Test(Source("query", "a"), "eq", "1")})
    assert changes(before, after) == [("segment s", 'header a eq "1" -> query a eq "1"')]
