"""Overlap: which routes of a configuration would match the same requests, so that none could be said to come first.

That is so where host, path and header conditions are the same and a method fits both.
"""

from collections.abc import Hashable, Mapping

from gateway.core.model import Match, Route


def same_requests(one: Match, other: Match) -> bool:
    """Whether some request fits both, and neither is the more specific."""
    return _place(one) == _place(other) and (
        not one.methods or not other.methods or not set(one.methods).isdisjoint(other.methods)
    )


def find_conflicts(routes: Mapping[str, Route]) -> list[tuple[str, str]]:
    """Each route that matches what an earlier one does, after that one. The cost grows with their number only."""
    found = []
    places: dict[Hashable, dict[str, str]] = {}
    for name, route in routes.items():
        taken = places.setdefault(_place(route.match), {})
        earlier = _earlier(taken, route.match.methods)
        if earlier is not None:
            found.append((earlier, name))
        for method in route.match.methods or ("",):
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
