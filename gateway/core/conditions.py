"""Conditions: whether a request belongs to a segment, compiled to closures. Knows no route and no split.

A comparison with something absent is false, so `not` over it is true; `exists: false` alone holds there.
"""

from collections.abc import Callable, Iterator

from gateway.core.facts import Facts
from gateway.core.hashing import SHARE, fraction, prefix
from gateway.core.jsonfield import MISSING
from gateway.core.model import All, AnyOf, Condition, Not, Share, Test
from gateway.core.operators import json_test, text_test
from gateway.core.sources import json_reader, text_reader

Predicate = Callable[[Facts, bytes | None], bool]
"""Of the request and its targeting key."""


def compile_condition(condition: Condition, segment: str) -> Predicate:
    """The condition as a function; `segment` is the name that salts its shares. ValueError says what does not fit."""
    match condition:
        case Test():
            return _compile_test(condition)
        case Share(fraction=share):
            return _compile_share(share, segment)
        case Not(condition=inner):
            held = compile_condition(inner, segment)
            return lambda facts, key: not held(facts, key)
        case All(conditions=parts):
            return _every([compile_condition(part, segment) for part in parts])
    return _some([compile_condition(part, segment) for part in condition.conditions])


def comparisons(condition: Condition) -> Iterator[Test]:
    """Every comparison in the condition."""
    if isinstance(condition, Test):
        yield condition
    for part in parts(condition):
        yield from comparisons(part)


def parts(condition: Condition) -> tuple[Condition, ...]:
    """What a condition is put together from; nothing for a single one."""
    if isinstance(condition, Not):
        return (condition.condition,)
    return condition.conditions if isinstance(condition, All | AnyOf) else ()


def _every(parts: list[Predicate]) -> Predicate:
    def every(facts: Facts, key: bytes | None) -> bool:
        for part in parts:  # noqa: SIM110 - a generator would take twice as long
            if not part(facts, key):
                return False
        return True

    return every


def _some(parts: list[Predicate]) -> Predicate:
    def some(facts: Facts, key: bytes | None) -> bool:
        for part in parts:  # noqa: SIM110 - a generator would take twice as long
            if part(facts, key):
                return True
        return False

    return some


def _compile_share(share: float, segment: str) -> Predicate:
    start = prefix(SHARE, segment)
    return lambda _facts, key: key is not None and fraction(start + key) < share


def _compile_test(test: Test) -> Predicate:
    if test.operator == "exists":
        return _compile_exists(test)
    if test.source.kind == "json":
        return _compile_json(test)
    if test.source.kind == "header" and test.operator in ("eq", "in"):
        return _compile_header(test)
    read, holds = text_reader(test.source), text_test(test.operator, test.operand)

    def compare(facts: Facts, _key: bytes | None) -> bool:
        value = read(facts)
        return value is not None and holds(value)

    return compare


def _compile_header(test: Test) -> Predicate:
    """The commonest comparison with one call less; None, for an absent header, is in no set."""
    name = test.source.name.lower().encode()
    holds = text_test(test.operator, test.operand)
    return lambda facts, _key: holds(facts.headers.get(name))  # type: ignore[arg-type]


def _compile_json(test: Test) -> Predicate:
    read, holds = json_reader(test.source), json_test(test.operator, test.operand)

    def compare(facts: Facts, _key: bytes | None) -> bool:
        value = read(facts)
        return value is not MISSING and holds(value)

    return compare


def _compile_exists(test: Test) -> Predicate:
    wanted = test.operand is not False
    if test.source.kind == "json":
        read_json = json_reader(test.source)
        return lambda facts, _key: (read_json(facts) is not MISSING) is wanted
    read = text_reader(test.source)
    return lambda facts, _key: (read(facts) is not None) is wanted
