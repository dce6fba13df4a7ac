"""Changes: every difference between two snapshots, in words for people.

It decides completeness: whatever differs is named. It must not know what a change does to callers, and it shows no
secret. Overrides, numbers of revisions, and the order of routes, variants and segments are no changes: they are not
configured, or mean nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, get_args

from gateway.core import words
from gateway.core.model import Condition, Headers, Listener, Route, Rule, Shadow, Snapshot, Split, Variant
from gateway.core.same import field_names, same

Words = Iterator[str]

_ELSEWHERE = frozenset({"variants", "routes", "segments", "listen", "revision", "serial", "disabled", "forced"})
_WHOLE = frozenset({"targeting_key", "variants"})
"""Lists that are shown whole, since all depends on their order."""
_NAMES = {"for_": "for", "relative": "numbers.rel", "absolute": "numbers.abs"}
"""What a field is called in the configuration, where that is not its own name."""


def changes(before: Snapshot, after: Snapshot) -> list[tuple[str, str]]:
    """What changes (`route fraud`, `limits`), and how; sorted."""
    found = [
        *_section("variant", before.variants, after.variants, summary=_variant),
        *_section("route", before.routes, after.routes, summary=_route),
        *_section("segment", before.segments, after.segments, summary=words.condition),
        *(("listen", change) for change in _listeners(before.listen, after.listen)),
    ]
    for name in field_names(Snapshot):
        if name not in _ELSEWHERE:
            found += ((name, each) for each in _differences("", name, getattr(before, name), getattr(after, name)))
    return sorted(found)


def _section(
    kind: str, old: Mapping[str, Any], new: Mapping[str, Any], *, summary: Callable[[Any], str]
) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            yield f"{kind} {name}", "removed"
        elif name not in old:
            yield f"{kind} {name}", f"added: {summary(new[name])}"
        else:
            yield from ((f"{kind} {name}", change) for change in _differences("", kind, old[name], new[name]))


def _variant(variant: Variant) -> str:
    version = f", version {words.text(variant.version)}" if variant.version else ""
    return f"{', '.join(words.value('', each) for each in variant.endpoints)}{version}"


def _route(route: Route) -> str:
    taken = words.text((route.match.host or "") + route.match.path)
    return f"{taken}, split {words.split(route.split)}"


def _differences(path: str, field: str, old: Any, new: Any) -> Words:
    """Each difference of what stands at the path, in a field of that name."""
    if same(old, new):
        return
    if type(old) is not type(new) or isinstance(old, get_args(Condition)):
        yield _replaced(path, field, old, new)
    elif field in _SPECIAL and not isinstance(old, Headers):
        yield from _SPECIAL[field](path, old, new)
    elif is_dataclass(old):
        for name in field_names(type(old)):
            yield from _differences(_below(path, name), name, getattr(old, name), getattr(new, name))
    elif isinstance(old, tuple) and field not in _WHOLE:
        yield _listed(path, old, new)
    else:
        yield _replaced(path, field, old, new)


def _replaced(path: str, field: str, old: Any, new: Any) -> str:
    left, right = words.value(field, old), words.value(field, new)
    return _at(path, f"{left} -> {right}" if left != right else "changes beyond what is shown here")


def _below(path: str, field: str) -> str:
    name = _NAMES.get(field, field)
    return f"{path}.{name}" if path else name


def _at(path: str, change: str) -> str:
    return f"{path}: {change}" if path else change


def _listed(path: str, old: Sequence[object], new: Sequence[object]) -> str:
    """A list: what came and went, or else in which order it stands."""
    left, right = ([words.value("", each) for each in values] for values in (old, new))
    gained = [f"{each} added" for each in right if each not in left]
    lost = [f"{each} removed" for each in left if each not in right]
    return _at(path, ", ".join([*gained, *lost]) or f"now [{', '.join(right)}]")


def _split(path: str, old: Split, new: Split) -> Words:
    """Weights. Their order counts as well: between equal ones the first is the heaviest."""
    found = []
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            found.append(f"{name} removed (was {old[name]})")
        elif name not in old:
            found.append(f"{name} added with {new[name]}")
        elif old[name] != new[name]:
            found.append(f"{name} {old[name]} -> {new[name]}")
    yield _at(path, ", ".join(found) or f"now in the order {', '.join(new)}")


def _plain(path: str, _name: str, old: Any, new: Any) -> Words:
    yield from _differences(path, "", old, new)


def _header(path: str, name: str, old: str, new: str) -> Words:
    yield from (_secret if words.is_secret_field(name) else _plain)(path, name, old, new)


def _secret(path: str, _name: str, old: str, new: str) -> Words:
    if old != new:
        yield f"{path}: changes {words.HIDDEN}"


def _items(
    path: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    added: Callable[[Any], str] = lambda _: "",
    differ: Callable[[str, str, Any, Any], Words] = _plain,
) -> Words:
    """Things with names: those that came and went, those that changed, and their order."""
    for name in dict.fromkeys([*old, *new]):
        at = f"{path} {words.text(name)}".lstrip()
        if name not in new:
            yield f"{at} removed"
        elif name not in old:
            yield f"{at} added{added(new[name])}"
        else:
            yield from differ(at, name, old[name], new[name])
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield f"{path} order: now {', '.join(map(words.text, new))}".lstrip()


def _rules(_path: str, old: Sequence[Rule], new: Sequence[Rule]) -> Words:
    places = {rule.name: place for place, rule in enumerate(new, 1)}

    def added(rule: Rule) -> str:
        return f" as number {places[rule.name]}: segment {rule.segment}, split {words.split(rule.split)}"

    yield from _items("rule", {each.name: each for each in old}, {each.name: each for each in new}, added=added)


def _shadows(path: str, old: Sequence[Shadow], new: Sequence[Shadow]) -> Words:
    def added(shadow: Shadow) -> str:
        return f": sample {words.value('sample', shadow.sample)}"

    yield from _items(path, {each.variant: each for each in old}, {each.variant: each for each in new}, added=added)


def _listeners(old: Sequence[Listener], new: Sequence[Listener]) -> Words:
    def by_address(listeners: Sequence[Listener]) -> dict[str, Listener]:
        return {words.address(each.host, each.port): each for each in listeners}

    yield from _items("", by_address(old), by_address(new))


def _digest(path: str, _old: str, _new: str) -> Words:
    yield f"{path.removesuffix('.digest')}: its files hold something else"


def _headers(path: str, old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> Words:
    yield from _items(path, dict(old), dict(new), differ=_header)


def _set_headers(path: str, old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> Words:
    """On requests to a model: any of them may be secret."""
    yield from _items(path, dict(old), dict(new), differ=_secret)


def _statuses(path: str, old: Sequence[tuple[int, int]], new: Sequence[tuple[int, int]]) -> Words:
    yield _listed(path, [f"{low}-{high}" for low, high in old], [f"{low}-{high}" for low, high in new])


_SPECIAL: dict[str, Callable[[str, Any, Any], Words]] = {
    "at": _items,
    "digest": _digest,
    "error_statuses": _statuses,
    "headers": _headers,
    "metadata": _items,
    "rules": _rules,
    "set": _set_headers,
    "shadow": _shadows,
    "split": _split,
}
"""By field, how its differences read."""
