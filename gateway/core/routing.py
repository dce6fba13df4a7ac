"""Routing: which route takes a request. Knows nothing of what happens then.

Of the routes that fit, the host decides first (an exact one, then the longest `*.` wildcard, then none), then an exact
path before a prefix, a longer prefix before a shorter, then the number of header conditions; what is still level goes
by name, so the order in the file never matters. A route whose methods do not fit is passed over. A route for GET takes
HEAD as well, after one that names HEAD itself.
"""

import re
from collections.abc import Hashable, Iterator, Mapping, Set
from typing import NamedTuple

from gateway.core.conditions import comparisons
from gateway.core.decide import CompiledRoute, Segments
from gateway.core.model import Match, Route, Snapshot, Source

_DOT_SEGMENT = re.compile(rb"(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:$|[/\\;]|%2f|%5c|%3b)", re.IGNORECASE)


class Miss(NamedTuple):
    """No route takes the request: `no_route`, or `method_not_allowed` with the methods that are."""

    code: str
    allowed: tuple[bytes, ...] = ()


NO_ROUTE = Miss("no_route")


class Entry:
    """One route in the table, compiled when a request first reaches it, since most of a large table may rest."""

    __slots__ = ("_disabled", "_segments", "compiled", "headers", "methods", "route")

    def __init__(self, route: Route, segments: Segments, disabled: Set[str]) -> None:
        self.route = route
        self.headers = tuple((name.lower().encode(), value.encode()) for name, value in route.match.headers)
        self.methods = _methods(route)
        self._segments = segments
        self._disabled = disabled
        self.compiled: CompiledRoute | None = None

    def compile(self) -> CompiledRoute:
        """The route ready to decide, from now on kept in `compiled`."""
        self.compiled = CompiledRoute(self.route, self._segments, self._disabled)
        return self.compiled

    def takes(self, method: bytes) -> bool:
        """Whether the route's methods fit."""
        return not self.methods or method in self.methods

    def fits(self, headers: dict[bytes, bytes]) -> bool:
        """Whether every header condition holds."""
        for name, value in self.headers:  # noqa: SIM110 - a generator would take twice as long
            if headers.get(name) != value:
                return False
        return True

    @property
    def rank(self) -> tuple[int, bool, str]:
        """Where the entry stands among those of the same host and path."""
        return -len(self.headers), "HEAD" not in self.route.match.methods, self.route.name


Group = tuple[Entry, ...]
"""The routes of one host and path, in their order."""


class _Paths:
    """The routes of one host. The cost of a look-up grows with the depth of the path, not with the number of routes."""

    __slots__ = ("exact", "longest", "prefixes")

    def __init__(self) -> None:
        self.exact: dict[bytes, Group] = {}
        self.prefixes: dict[bytes, Group] = {}
        self.longest = 0

    def add(self, entry: Entry) -> None:
        path = entry.route.match.path.encode()
        groups = self.exact
        if path.endswith(b"/*"):
            path, groups = path[:-1], self.prefixes
            self.longest = max(self.longest, len(path))
        groups[path] = (*groups.get(path, ()), entry)

    def sort(self) -> None:
        for groups in (self.exact, self.prefixes):
            for path, group in groups.items():
                groups[path] = tuple(sorted(group, key=lambda entry: entry.rank))

    def find(self, path: bytes) -> list[Group]:
        groups = []
        group = self.exact.get(path)
        if group is not None:
            groups.append(group)
        end = self.longest
        while (end := path.rfind(b"/", 0, end)) >= 0:
            group = self.prefixes.get(path[: end + 1])
            if group is not None:
                groups.append(group)
        return groups


class RouteTable:
    """All routes of a snapshot, ready to be found. What the table of the snapshot before has compiled is not compiled
    again where nothing of it has changed, which is a question of identity."""

    def __init__(self, snapshot: Snapshot, previous: "RouteTable | None" = None) -> None:
        self._snapshot = snapshot
        self._segments = Segments(snapshot.segments)
        self._entries: dict[str, Entry] = {}
        self._anywhere = _Paths()
        self._hosts: dict[bytes, _Paths] = {}
        known: Mapping[str, Entry] = {}
        if previous is not None and _compile_alike(previous._snapshot, snapshot):
            self._segments, known = previous._segments, previous._entries
        for name, route in snapshot.routes.items():
            entry = known.get(name)
            if entry is None or entry.route is not route:
                entry = Entry(route, self._segments, snapshot.disabled)
            self._entries[name] = entry
            self._of(route.match.host).add(entry)
        for paths in (self._anywhere, *self._hosts.values()):
            paths.sort()
        tests = [test for condition in snapshot.segments.values() for test in comparisons(condition)]
        self.looks_at = _looks_at(snapshot, [test.source for test in tests])
        """The header fields, in lower case, that some route's match, rule or key depends on; so whoever remembers what
        a head leads to knows what it hangs on."""
        if any(test.operator == "matches" for test in tests):
            import re2  # noqa: F401, PLC0415 - now, rather than in the first request that needs it

    def _of(self, host: str | None) -> _Paths:
        return self._anywhere if host is None else self._hosts.setdefault(host.lower().lstrip("*").encode(), _Paths())

    def find(self, host: bytes, path: bytes, method: bytes, headers: dict[bytes, bytes]) -> CompiledRoute | Miss:
        """The route that takes the request, or why none does."""
        # Most requests are for the exact path of their own host, before which nothing comes.
        paths = self._hosts.get(host) if self._hosts else self._anywhere
        if paths is not None:
            for entry in paths.exact.get(path, ()):
                if (not entry.methods or method in entry.methods) and (not entry.headers or entry.fits(headers)):
                    return entry.compiled or entry.compile()
        for group in self.groups(host, path) if self._hosts else self._anywhere.find(path):
            for entry in group:
                if (not entry.methods or method in entry.methods) and (not entry.headers or entry.fits(headers)):
                    return entry.compiled or entry.compile()
        return self._miss(host, path, method)

    def groups(self, host: bytes, path: bytes) -> Iterator[Group]:
        """The routes whose host and path fit, the first to be asked first."""
        if self._hosts:
            for name in _names(host):
                if name in self._hosts:
                    yield from self._hosts[name].find(path)
        yield from self._anywhere.find(path)

    def _miss(self, host: bytes, path: bytes, method: bytes) -> Miss:
        entries = [entry for group in self.groups(host, path) for entry in group]
        if not entries or any(entry.takes(method) for entry in entries):
            return NO_ROUTE
        return Miss("method_not_allowed", tuple(sorted({method for entry in entries for method in entry.methods})))


def _looks_at(snapshot: Snapshot, sources: list[Source]) -> frozenset[str]:
    names = {name for route in snapshot.routes.values() for name, _ in route.match.headers}
    sources = sources + [key.source for route in snapshot.routes.values() for key in route.targeting_key]
    names.update(source.name for source in sources if source.kind == "header")
    return frozenset(map(str.lower, names))


def _compile_alike(before: Snapshot, after: Snapshot) -> bool:
    """Whether a route that is in both is compiled to the same."""
    return before.segments is after.segments and before.disabled == after.disabled


def same_requests(one: Match, other: Match) -> bool:
    """Whether some request fits both, and neither comes first: host, path and header conditions are the same, and a
    method is in both."""
    return _place(one) == _place(other) and (
        not one.methods or not other.methods or not set(one.methods).isdisjoint(other.methods)
    )


def find_conflicts(matches: Mapping[str, Match]) -> list[tuple[str, str]]:
    """Of the routes with these names, each that takes what an earlier one does, after that one. The cost grows with
    their number only."""
    found = []
    places: dict[Hashable, dict[str, str]] = {}
    for name, match in matches.items():
        taken = places.setdefault(_place(match), {})
        earlier = _earlier(taken, match.methods)
        if earlier is not None:
            found.append((earlier, name))
        for method in match.methods or ("",):
            taken.setdefault(method, name)
    return found


def _earlier(taken: dict[str, str], methods: tuple[str, ...]) -> str | None:
    """The first route that has one of the methods; "" in `taken` stands for one that has all."""
    if not methods:
        return next(iter(taken.values()), None)
    return next((taken[method] for method in ("", *methods) if method in taken), None)


def _place(match: Match) -> Hashable:
    headers = frozenset((name.lower(), value) for name, value in match.headers)
    return match.host and match.host.lower(), match.path, headers


def path_fault(path: bytes) -> str | None:
    """What is wrong with a path, or None: it must have no dot segments, since a model server may resolve them and so
    reach what another route guards. Percent-encoded dots, slashes and backslashes count as what they stand for."""
    if (b"." in path or b"%" in path) and _DOT_SEGMENT.search(path):
        return "the path has a dot segment (. or .., plain or percent-encoded); send it resolved"
    return None


def _names(host: bytes) -> Iterator[bytes]:
    """The host itself, then the endings a wildcard may have, the longest first."""
    yield host
    dot = -1
    while (dot := host.find(b".", dot + 1)) >= 0:
        yield host[dot:]


def _methods(route: Route) -> frozenset[bytes]:
    methods = {method.encode() for method in route.match.methods}
    return frozenset(methods | {b"HEAD"} if b"GET" in methods else methods)
