"""The decision for one request of one route: its rules, its targeting key, its split, compiled once.

Knows nothing of endpoints, breakers or bytes on the wire. Randomness is given by the caller.
"""

from collections.abc import Callable, Iterator, Mapping, Set
from typing import NamedTuple

from gateway.core.assignment import compile_draw, compile_split, heaviest, remaining
from gateway.core.conditions import Predicate, comparisons, compile_condition
from gateway.core.facts import Facts
from gateway.core.keys import Cookie, compile_issuer, compile_keys
from gateway.core.model import Condition, Route, Source, Split
from gateway.core.sampling import samples


class Decision:
    """A variant and why. `reason` is `split`, `rule:NAME` (before `unkeyed`) or `unkeyed`; `cookie` is to be set on the
    answer, if any; without a key (`keyed` False) the variant was drawn at random."""

    __slots__ = ("cookie", "key", "keyed", "reason", "rule", "variant")

    # Positional, since one is made for every request and keywords would double its cost.
    def __init__(self, variant: str, reason: str, rule: str | None, key: bytes | None, cookie: Cookie | None) -> None:
        self.variant = variant
        self.reason = reason
        self.rule = rule
        self.key = key
        self.keyed = key is not None
        self.cookie = cookie


class Choice(NamedTuple):
    """A split ready to pick from, and what a pick from it is called."""

    rule: str | None
    pick: Callable[[bytes], str]
    draw: Callable[[float], str]
    keyed_reason: str
    unkeyed_reason: str


class Segments:
    """The conditions of a snapshot, each compiled when it is first asked for."""

    def __init__(self, conditions: Mapping[str, Condition]) -> None:
        self.conditions = conditions
        self._compiled: dict[str, Predicate] = {}

    def predicate(self, name: str) -> Predicate:
        """The segment's condition as a function."""
        compiled = self._compiled.get(name)
        if compiled is None:
            compiled = self._compiled[name] = compile_condition(self.conditions[name], name)
        return compiled


class CompiledRoute:
    """A route ready to decide. `needs_body` says that a rule or key reads JSON, `by_head` that the decision depends on
    the request's head alone; `fallback` names in order who answers when the assigned variant cannot, before the one
    that failed is left out. A variant of `disabled` is picked only where a split has no other; whoever serves then
    treats it as failed."""

    __slots__ = (
        *("_default", "_issue", "_key", "_rules", "by_head", "fallback", "name", "needs_body"),
        *("route", "shadows"),
    )

    def __init__(self, route: Route, segments: Segments, disabled: Set[str] = frozenset()) -> None:
        self.name = route.name
        self.route = route
        read = {source.kind for source in _sources(route, segments)}
        self.needs_body = "json" in read
        self.by_head = read.isdisjoint({"json", "client"}) and route.protocol != "openai"
        self.fallback = fallback(route, disabled)
        self.shadows = samples(route, disabled)
        self._rules = tuple(
            (segments.predicate(rule.segment), _choice(route, rule.name, remaining(rule.split, disabled)))
            for rule in route.rules
        )
        self._default = _choice(route, None, remaining(route.split, disabled))
        self._key = compile_keys(route.targeting_key)
        self._issue = compile_issuer(route.targeting_key)

    def decide(self, facts: Facts, draw: Callable[[], float]) -> Decision:
        """Who answers. `draw` gives random numbers in [0, 1)."""
        key = self._key(facts)
        cookie = None
        if key is None and self._issue is not None:
            cookie = self._issue(draw)
            key = cookie.value
        chosen = self._default
        for matches, choice in self._rules:
            if matches(facts, key):
                chosen = choice
                break
        if key is None:
            return Decision(chosen.draw(draw()), chosen.unkeyed_reason, chosen.rule, None, None)
        return Decision(chosen.pick(key), chosen.keyed_reason, chosen.rule, key, cookie)


def _choice(route: Route, name: str | None, split: Split) -> Choice:
    return Choice(
        rule=name,
        pick=compile_split(route.salt, split),
        draw=compile_draw(split),
        keyed_reason="split" if name is None else f"rule:{name}",
        unkeyed_reason="unkeyed" if name is None else f"rule:{name}",
    )


def _sources(route: Route, segments: Segments) -> Iterator[Source]:
    """Everything that the route's keys and rules look at."""
    yield from (key.source for key in route.targeting_key)
    for rule in route.rules:
        yield from (test.source for test in comparisons(segments.conditions[rule.segment]))


def fallback(route: Route, disabled: Set[str]) -> tuple[str, ...]:
    """Who answers, in this order, when the assigned variant cannot: the heaviest of the split where nobody is named."""
    named = (heaviest(route.split),) if route.fallback.variants is None else route.fallback.variants
    return tuple(name for name in named if name not in disabled)
