"""Explanations: how a request is decided, step by step, in words.

What is decided comes from the route table and the compiled route themselves; this only says how it came about.
"""

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass

from gateway.core.assignment import positive, remaining, scores
from gateway.core.chain import reason
from gateway.core.decide import CompiledRoute, Decision
from gateway.core.describe import Observed, percent, shown, source_words
from gateway.core.facts import Facts
from gateway.core.jsonfield import MISSING
from gateway.core.keys import key_reader
from gateway.core.model import KeySource, Route, Snapshot, Split
from gateway.core.routing import Entry, Miss, RouteTable, path_fault


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and its steps. Without a route, `reason` is the code of the error that answers. Where the variant that
    was picked is disabled, `variant` and `reason` tell who answers instead: None and a code where nobody does."""

    route: str | None
    rule: str | None
    variant: str | None
    reason: str
    key: str | None
    steps: tuple[str, ...]


def explain(snapshot: Snapshot, facts: Facts, draw: Callable[[], float]) -> Explanation:
    """What serving this request would decide. `draw` gives random numbers in [0, 1), for new keys and keyless picks."""
    fault = path_fault(facts.path)
    if fault is not None:
        return _missed("bad_request", [fault])
    table = RouteTable(snapshot)
    found = table.find(facts.host, facts.path, facts.method, facts.headers)
    steps = list(_search(table, facts))
    if isinstance(found, Miss):
        return _missed(found.code, [*steps, _miss(found, facts)])
    decision = found.decide(facts, draw)
    steps += _key_steps(found.route.targeting_key, facts, decision)
    steps += _rule_steps(snapshot, found, facts, decision)
    steps += _split_steps(found, decision, snapshot.disabled)
    variant, why = _answer(found, decision, snapshot.disabled)
    if variant != decision.variant:
        steps.append(f"fallback: {decision.variant} is disabled, {_instead(variant, why)}")
    key = None if decision.key is None else shown(decision.key)
    return Explanation(found.name, decision.rule, variant, why, key, tuple(steps))


def _missed(code: str, steps: list[str]) -> Explanation:
    return Explanation(None, None, None, code, None, tuple(steps))


def _search(table: RouteTable, facts: Facts) -> Iterator[str]:
    for group in table.groups(facts.host, facts.path):
        for entry in group:
            obstacle = _obstacle(entry, facts)
            if obstacle is None:
                yield f"route {entry.route.name}: {_match_words(entry.route)} takes the request"
                return
            yield f"route {entry.route.name}: {_match_words(entry.route)} fits, but {obstacle}"


def _obstacle(entry: Entry, facts: Facts) -> str | None:
    if not entry.takes(facts.method):
        return f"it takes {_listed(entry.methods)}, not {shown(facts.method)}"
    if entry.fits(facts.headers):
        return None
    name, wanted = next((name, wanted) for name, wanted in entry.headers if facts.headers.get(name) != wanted)
    seen = shown(facts.headers[name]) if name in facts.headers else "nothing"
    return f"header {shown(name)} must be {shown(wanted)}, saw {seen}"


def _match_words(route: Route) -> str:
    return f"{route.match.host or ''}{route.match.path}"


def _miss(miss: Miss, facts: Facts) -> str:
    if miss.allowed:
        return f"no route for this path takes {shown(facts.method)}; allowed: {_listed(miss.allowed)}"
    return f"no route takes {shown(facts.method)} {shown(facts.path)}"


def _listed(methods: tuple[bytes, ...] | frozenset[bytes]) -> str:
    return ", ".join(sorted(method.decode() for method in methods))


def _key_steps(sources: tuple[KeySource, ...], facts: Facts, decision: Decision) -> Iterator[str]:
    for source in sources:
        key = key_reader(source.source)(facts)
        if key is not None:
            yield f"targeting key: {source_words(source.source)} is {shown(key)}"
            return
        yield f"targeting key: {source_words(source.source)} is absent"
    if decision.cookie is not None:
        name, value, _ = decision.cookie
        yield f"targeting key: a new one, {shown(value)}, is issued as cookie {shown(name)}"
    else:
        yield "targeting key: none, so the variant is drawn at random"


def _rule_steps(snapshot: Snapshot, found: CompiledRoute, facts: Facts, decision: Decision) -> Iterator[str]:
    if found.needs_body and facts.field(()) is MISSING:
        yield "body: no JSON, so it has no fields"
    for rule in found.route.rules:
        holds = rule.name == decision.rule
        yield f"rule {rule.name}: segment {rule.segment} {'holds' if holds else 'does not hold'}"
        yield from Observed(facts, decision.key, rule.segment).lines(snapshot.segments[rule.segment])
        if holds:
            return


def _split_steps(found: CompiledRoute, decision: Decision, disabled: Set[str]) -> Iterator[str]:
    written = _split(found.route, decision.rule)
    split = remaining(written, disabled)
    for name, _ in positive(written):
        if name in disabled:
            yield f"split: {name} is disabled{'' if split is written else ', so its callers go to the rest'}"
    shares = _shares(split)
    if len(shares) == 1 or decision.key is None:
        how = "drawn at random" if len(shares) > 1 else "it has all the weight"
        yield f"split: {', '.join(f'{name} {percent(share)}' for name, share in shares.items())}"
        yield f"variant: {decision.variant}, {how}"
        return
    for score in scores(found.route.salt, split, decision.key):
        yield (
            f"split: {score.variant} {percent(shares[score.variant])}, weight {score.weight}, "
            f"hash {score.hash:016x}, score {score.score:.6g}"
        )
    yield f"variant: {decision.variant}, the smallest score -log2(hash) / weight"


def _answer(found: CompiledRoute, decision: Decision, disabled: Set[str]) -> tuple[str | None, str]:
    """The variant that answers, if any, and the reason; another than the one picked where that is disabled."""
    if decision.variant not in disabled:
        return decision.variant, decision.reason
    when = found.route.fallback.when
    variant = next((name for name in found.fallback if name != decision.variant), None)
    if variant is not None and "disabled" in when:
        return variant, reason("disabled")
    if found.route.fallback.response is not None and "disabled" in when:
        return None, reason("response")
    return None, "no_available_variant"


def _instead(variant: str | None, why: str) -> str:
    if variant is not None:
        return f"so {variant} answers"
    return "and nobody is left to answer" if why == "no_available_variant" else "so the fixed response answers"


def _split(route: Route, rule: str | None) -> Split:
    return next((each.split for each in route.rules if each.name == rule), route.split)


def _shares(split: Split) -> dict[str, float]:
    total = sum(split.values())
    return {name: weight / total for name, weight in positive(split)}
