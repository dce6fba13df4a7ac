"""Routing: which route takes a request, checked by tables and against a slow and obvious reading of the rules."""

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.decide import CompiledRoute
from gateway.core.model import All, KeySource, Match, Not, Route, Rule, Snapshot, Source
from gateway.core.routing import Miss, RouteTable, find_conflicts, path_fault, same_requests
from tests.core.build import compare, request, route, snapshot

HOST = b"api.example.com"


def _table(*matches: Match) -> RouteTable:
    """Routes named after their position."""
    return RouteTable(snapshot(*(route(f"r{number}", match=match) for number, match in enumerate(matches))))


def _find(table: RouteTable, path: str, **given: Any) -> str | Miss:
    facts = request(path, **given)
    found = table.find(facts.host, facts.path, facts.method, facts.headers)
    return found if isinstance(found, Miss) else found.name


@pytest.mark.parametrize(
    ("matches", "path", "found"),
    [
        ([Match("/v1")], "/v1", "r0"),
        ([Match("/v1")], "/v1/", "none"),
        ([Match("/v1")], "/V1", "none"),
        ([Match("/v1")], "/v", "none"),
        ([Match("/v1/*")], "/v1/", "r0"),
        ([Match("/v1/*")], "/v1/a/b", "r0"),
        ([Match("/v1/*")], "/v1//", "r0"),
        ([Match("/v1/*")], "/v1", "none"),
        ([Match("/v1/*")], "/v10/a", "none"),
        ([Match("/*")], "/", "r0"),
        ([Match("/*")], "/any/thing", "r0"),
        ([Match("/*")], "", "none"),
        ([Match("/*")], "*", "none"),
        ([Match("/v1/*"), Match("/v1/a")], "/v1/a", "r1"),
        ([Match("/v1/*"), Match("/v1/a")], "/v1/b", "r0"),
        ([Match("/*"), Match("/v1/a/*"), Match("/v1/*")], "/v1/a/b", "r1"),
        ([Match("/*"), Match("/v1/a/*"), Match("/v1/*")], "/v1/b/a", "r2"),
        ([Match("/*"), Match("/v1/a/*"), Match("/v1/*")], "/v2", "r0"),
        ([Match("/v1/%66")], "/v1/f", "none"),
        ([Match("/é")], "/é", "r0"),
    ],
)
def test_paths(matches: list[Match], path: str, found: str) -> None:
    """Exact before prefix, a longer prefix before a shorter, compared as they are."""
    expected = Miss("no_route") if found == "none" else found
    assert _find(_table(*matches), path) == expected
    assert _find(RouteTable(snapshot(*reversed(_routes(matches)))), path) == expected


def _routes(matches: list[Match]) -> list[Route]:
    return [route(f"r{number}", match=match) for number, match in enumerate(matches)]


@pytest.mark.parametrize(
    ("hosts", "host", "found"),
    [
        ([None, "api.example.com"], "api.example.com", "r1"),
        ([None, "api.example.com"], "other.example.com", "r0"),
        (["api.example.com"], "other.example.com", "none"),
        (["*.example.com"], "api.example.com", "r0"),
        (["*.example.com"], "a.b.example.com", "r0"),
        (["*.example.com"], "example.com", "none"),
        (["*.example.com"], "badexample.com", "none"),
        ([None, "*.example.com", "*.eu.example.com", "a.eu.example.com"], "a.eu.example.com", "r3"),
        ([None, "*.example.com", "*.eu.example.com", "a.eu.example.com"], "b.eu.example.com", "r2"),
        ([None, "*.example.com", "*.eu.example.com", "a.eu.example.com"], "b.us.example.com", "r1"),
        ([None, "*.example.com", "*.eu.example.com", "a.eu.example.com"], "localhost", "r0"),
        (["*.com", "com"], "", "none"),
        (["10.0.0.1"], "10.0.0.1", "r0"),
    ],
)
def test_hosts(hosts: list[str | None], host: str, found: str) -> None:
    """An exact one before a wildcard, a longer wildcard before a shorter, then those without."""
    table = _table(*(Match("/", host=each) for each in hosts))
    assert _find(table, "/", host=host) == (Miss("no_route") if found == "none" else found)


def test_the_host_decides_before_the_path() -> None:
    """A prefix of the very host comes before an exact path of any host; what the host has no path for goes on."""
    table = _table(Match("/v1/a"), Match("/v1/*", host="*.example.com"), Match("/v1/b/*", host="api.example.com"))
    assert _find(table, "/v1/a") == "r1"
    assert _find(table, "/v1/b/c") == "r2"
    assert _find(table, "/v1/a", host="other.org") == "r0"


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, "r0"),
        ({"x-api": "2"}, "r1"),
        ({"x-api": "2", "x-beta": "yes"}, "r2"),
        ({"x-beta": "yes"}, "r3"),
        ({"x-api": "3", "x-beta": "no"}, "r0"),
        ({"x-api": "22"}, "r0"),
    ],
)
def test_more_header_conditions_come_first(headers: dict[str, str], found: str) -> None:
    """All of a route's must hold, names in any case, values exactly."""
    table = _table(
        Match("/"),
        Match("/", headers=(("X-Api", "2"),)),
        Match("/", headers=(("x-api", "2"), ("x-beta", "yes"))),
        Match("/", headers=(("x-beta", "yes"),)),
    )
    assert _find(table, "/", headers=headers) == found


def test_the_path_decides_before_headers() -> None:
    """An exact path without conditions comes before a prefix with them."""
    table = _table(Match("/v1/*", headers=(("x", "1"),)), Match("/v1/a"))
    assert _find(table, "/v1/a", headers={"x": "1"}) == "r1"
    assert _find(table, "/v1/b", headers={"x": "1"}) == "r0"


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("POST", "/v1/a", "r0"),
        ("PUT", "/v1/a", "r1"),
        ("GET", "/v1/a", "r2"),
        ("HEAD", "/v1/a", "r2"),
        ("DELETE", "/v1/a", Miss("method_not_allowed", (b"GET", b"HEAD", b"POST", b"PUT"))),
        ("post", "/v1/a", Miss("method_not_allowed", (b"GET", b"HEAD", b"POST", b"PUT"))),
        ("POST", "/v1/b", Miss("method_not_allowed", (b"GET", b"HEAD", b"PUT"))),
        ("POST", "/v2", Miss("no_route")),
    ],
)
def test_routes_whose_methods_do_not_fit_are_passed_over(method: str, path: str, found: str | Miss) -> None:
    """405, with every method that would do, only when no route with a fitting path takes the method."""
    table = _table(Match("/v1/a", ("POST",)), Match("/v1/*", ("PUT",)), Match("/v1/*", ("GET",)))
    assert _find(table, path, method=method) == found


def test_a_route_that_takes_the_method_under_other_headers_is_no_405() -> None:
    """The method is not what is wrong."""
    table = _table(Match("/v1", ("POST",), headers=(("x", "1"),)), Match("/v1", ("GET",)))
    assert _find(table, "/v1", method="POST") == Miss("no_route")
    assert _find(table, "/v1", method="PUT") == Miss("method_not_allowed", (b"GET", b"HEAD", b"POST"))


def test_head_goes_where_get_goes() -> None:
    """Unless a route of the same path names HEAD itself; a more general one does not come before."""
    table = _table(Match("/v1", ("GET",)), Match("/v1", ("HEAD",)), Match("/v2", ("GET",)), Match("/*"))
    assert _find(table, "/v1", method="HEAD") == "r1"
    assert _find(table, "/v2", method="HEAD") == "r2"
    assert _find(table, "/v3", method="HEAD") == "r3"


def test_level_routes_go_by_name() -> None:
    """Two different header conditions can both hold; then the smaller name takes the request."""
    one, other = Match("/", headers=(("x", "1"),)), Match("/", headers=(("y", "1"),))
    for first, second in ((one, other), (other, one)):
        table = RouteTable(snapshot(route("b", match=first), route("a", match=second)))
        assert _find(table, "/", headers={"x": "1", "y": "1"}) == "a"


PATHS = ("/", "/a", "/a/", "/a/b", "/a/b/c")
MATCHES = st.builds(
    Match,
    path=st.sampled_from((*PATHS, "/*", "/a/*", "/a/b/*")),
    methods=st.sets(st.sampled_from(("GET", "POST", "HEAD"))).map(lambda methods: tuple(sorted(methods))),
    host=st.sampled_from((None, "a.b.c", "*.b.c", "*.c")),
    headers=st.dictionaries(st.sampled_from("xy"), st.sampled_from("12")).map(lambda headers: tuple(headers.items())),
)
TABLES = st.lists(MATCHES, max_size=8).map(_routes)
REQUESTS = st.builds(
    request,
    st.sampled_from((*PATHS, "/b", "/a/c/d")),
    method=st.sampled_from(("GET", "POST", "HEAD", "PUT")),
    host=st.sampled_from(("a.b.c", "x.b.c", "c", "b.c", "x")),
    headers=st.dictionaries(st.sampled_from("xy"), st.sampled_from("12")),
)


def _slow_find(routes: list[Route], facts: Any) -> str | Miss:
    """Every route asked, the best of those that fit taken."""
    host, path, method = facts.host.decode(), facts.path.decode(), facts.method.decode()
    placed = [each for each in routes if _host_fits(each.match, host) and _path_fits(each.match, path)]
    taking = [each for each in placed if _takes(each.match, method)]
    fitting = [
        each
        for each in taking
        if all(facts.headers.get(name.encode()) == value.encode() for name, value in each.match.headers)
    ]
    if fitting:
        return min(fitting, key=_rank).name
    if taking or not placed:
        return Miss("no_route")
    allowed = {method for each in placed for method in (*each.match.methods, *_implied(each.match))}
    return Miss("method_not_allowed", tuple(sorted(method.encode() for method in allowed)))


def _host_fits(match: Match, host: str) -> bool:
    return match.host is None or match.host == host or (match.host[0] == "*" and host.endswith(match.host[1:]))


def _path_fits(match: Match, path: str) -> bool:
    return path.startswith(match.path[:-1]) if match.path.endswith("/*") else path == match.path


def _implied(match: Match) -> tuple[str, ...]:
    return ("HEAD",) if "GET" in match.methods else ()


def _takes(match: Match, method: str) -> bool:
    return not match.methods or method in (*match.methods, *_implied(match))


def _rank(each: Route) -> tuple[Any, ...]:
    match = each.match
    host = (2, 0) if match.host is None else (1, -len(match.host)) if match.host[0] == "*" else (0, 0)
    prefix = match.path.endswith("/*")
    return host, prefix, -len(match.path), -len(match.headers), "HEAD" not in match.methods, each.name


@given(TABLES, REQUESTS)
def test_finding_agrees_with_asking_every_route(routes: list[Route], facts: Any) -> None:
    """The table is an index, not another meaning."""
    found = RouteTable(snapshot(*routes)).find(facts.host, facts.path, facts.method, facts.headers)
    assert (found if isinstance(found, Miss) else found.name) == _slow_find(routes, facts)


@given(TABLES.flatmap(lambda routes: st.tuples(st.just(routes), st.permutations(routes))), REQUESTS)
def test_file_order_never_matters(orders: tuple[list[Route], list[Route]], facts: Any) -> None:
    """The same routes in another order find the same."""
    found = [
        RouteTable(snapshot(*routes)).find(facts.host, facts.path, facts.method, facts.headers) for routes in orders
    ]
    names = [each if isinstance(each, Miss) else each.name for each in found]
    assert names[0] == names[1]


def test_a_route_is_compiled_once_and_only_when_asked_for() -> None:
    """So a table of thousands is swapped in at once: a faulty segment of another route is not even looked at."""
    table = RouteTable(snapshot(route("a"), route("b", rules=(_rule("nobody defines it"),))))
    found = table.find(HOST, b"/a", b"GET", {})
    assert found is table.find(HOST, b"/a", b"GET", {})
    with pytest.raises(KeyError):
        table.find(HOST, b"/b", b"GET", {})


def test_what_has_not_changed_is_not_compiled_again() -> None:
    """Nor is a route of an equal name that has, or any where segments or disabled variants have."""
    before = snapshot(route("a"), route("b"))
    table = RouteTable(before)
    first = {path: table.find(HOST, path, b"GET", {}) for path in (b"/a", b"/b")}

    def again(after: Snapshot) -> list[bytes]:
        later = RouteTable(after, table)
        found = {path: later.find(HOST, path, b"GET", {}) for path in first}
        assert all(isinstance(each, CompiledRoute) for each in found.values())
        return [path for path in first if found[path] is first[path]]

    assert again(replace(before, serial=2)) == [b"/a", b"/b"]
    assert again(replace(before, routes={"b": before.routes["b"], "a": route("a", deadline=1.0)})) == [b"/b"]
    assert again(replace(before, segments={"eu": compare("header", "x", "eq", "eu")})) == []
    assert again(replace(before, disabled=frozenset({"v1"}))) == []


def _rule(segment: str) -> Rule:
    return Rule("r", segment, {"v1": 1})


def test_patterns_are_ready_before_the_first_request() -> None:
    """A snapshot with one loads the engine when it is taken, and routes find as ever."""
    segments = {"eu": compare("header", "x", "matches", "^eu")}
    table = RouteTable(snapshot(route("a", rules=(_rule("eu"),)), segments=segments))
    assert _find(table, "/a") == "a"


def test_the_fields_that_anything_depends_on_are_known() -> None:
    """Those of matches, keys and segments, however deep, in lower case."""
    deep = Not(All((compare("header", "X-Deep", "eq", "a"), compare("cookie", "X-Cookie", "eq", "b"))))
    keyed = route("b", targeting_key=(KeySource(Source("query", "q")), KeySource(Source("header", "X-Key"))))
    matched = route("a", match=Match("/a", headers=(("X-Match", "1"),)))
    assert RouteTable(snapshot(matched, keyed, segments={"deep": deep})).looks_at == {"x-deep", "x-key", "x-match"}
    assert RouteTable(snapshot(route("a"))).looks_at == set()


def test_the_cost_of_finding_does_not_grow_with_the_number_of_routes() -> None:
    """4,000 routes are looked through as fast as 4, within a factor that no scan would keep."""

    def seconds(count: int) -> float:
        table = RouteTable(snapshot(*(route(f"{n}", match=Match(f"/m{n}" + "/*" * (n % 2))) for n in range(count))))
        best = float("inf")
        for _ in range(5):
            begin = time.perf_counter()
            for _ in range(2000):
                table.find(HOST, b"/m1/x/y", b"GET", {})
                table.find(HOST, b"/m2", b"GET", {})
            best = min(best, time.perf_counter() - begin)
        return best

    assert seconds(4000) < 10 * seconds(4)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Match("/a"), Match("/a"), True),
        (Match("/a"), Match("/b"), False),
        (Match("/a"), Match("/*"), False),
        (Match("/a", ("GET",)), Match("/a", ("POST",)), False),
        (Match("/a", ("GET", "PUT")), Match("/a", ("POST", "PUT")), True),
        (Match("/a", ("GET",)), Match("/a"), True),
        (Match("/a", ("GET",)), Match("/a", ("HEAD",)), False),
        (Match("/a", host="a.b"), Match("/a"), False),
        (Match("/a", host="A.b"), Match("/a", host="a.b"), True),
        (Match("/a", headers=(("x", "1"),)), Match("/a"), False),
        (Match("/a", headers=(("x", "1"),)), Match("/a", headers=(("x", "2"),)), False),
        (Match("/a", headers=(("X", "1"), ("y", "2"))), Match("/a", headers=(("y", "2"), ("x", "1"))), True),
        (Match("/a", headers=(("x", "1"),)), Match("/a", headers=(("y", "1"),)), False),
    ],
)
def test_routes_that_match_the_same_requests(one: Match, other: Match, same: bool) -> None:
    """Neither is the more specific and a method is in both; it does not matter which stands first."""
    assert same_requests(one, other) is same
    assert same_requests(other, one) is same
    assert find_conflicts({"a": one, "b": other}) == ([("a", "b")] if same else [])


@given(TABLES)
def test_conflicts_agree_with_comparing_every_pair(routes: list[Route]) -> None:
    """Each later route is reported once, with an earlier one that it collides with."""
    conflicts = find_conflicts({each.name: each.match for each in routes})
    named = {each.name: each.match for each in routes}
    assert all(same_requests(named[earlier], named[later]) for earlier, later in conflicts)
    colliding = [
        each.name
        for position, each in enumerate(routes)
        if any(same_requests(earlier.match, each.match) for earlier in routes[:position])
    ]
    assert [later for _, later in conflicts] == colliding


@pytest.mark.parametrize(
    "path",
    [
        *("/.", "/..", "/a/./b", "/a/../b", "/a/..", "/a/.", "../a", "./a", ".", "..", "/../"),
        *("/%2e", "/%2E%2e/a", "/.%2e/a", "/%2e./a", "/a/%2e", "/a/.%2E"),
        *("/a%2f..%2fb", "/a%2F%2e%2E/b", "/a/..%2fb", "/a%2f../b", "/a%2f."),
        *("/a\\..\\b", "/a%5c..%5Cb", "/a/..\\b", "/..;/a", "/a/..;x=1/b", "/.;", "/%2e%2e%3bx/a"),
    ],
)
def test_paths_with_dot_segments_are_refused(path: str) -> None:
    """Plain or encoded, ended by slashes, backslashes or parameters, however spelt."""
    fault = path_fault(path.encode())
    assert fault is not None
    assert "dot segment" in fault


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/a/b", "/v1.2/a..b", "/...", "/.well-known/x", "/a/..b", "/a/b..", "/a.b", "/a%20b", "/%252e%252e/a"),
        *("/a%2fb", "/gpt-4.1", "/.hidden", "/a/...;x", "/%2ea", "*", ""),
    ],
)
def test_paths_with_other_dots_pass(path: str) -> None:
    """Dots inside names are names; what is encoded twice stays what it is."""
    assert path_fault(path.encode()) is None


@given(st.binary())
def test_any_path_is_judged_and_looked_up(path: bytes) -> None:
    """No bytes make either fail."""
    assert path_fault(path) is None or isinstance(path_fault(path), str)
    found = RouteTable(snapshot(route("any", match=Match("/*")))).find(b"", path, b"GET", {})
    assert isinstance(found, Miss) is not path.startswith(b"/")


def test_an_empty_snapshot_has_no_route() -> None:
    """Nothing is a miss."""
    table = RouteTable(Snapshot(listen=(), variants={}, routes={}))
    assert table.find(HOST, b"/", b"GET", {}) == Miss("no_route")
