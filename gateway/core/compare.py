"""Comparison: whether a shadow's reply says what the live one said, and where it does not.

It decides by the rules of one shadow alone: status first, then content type, then body. It must not know why a reply
was made, or what is done with the verdict.
"""

from dataclasses import dataclass

from gateway.core.bodies import BINARY_LENGTH
from gateway.core.compare_json import Keyed, Walk
from gateway.core.compare_limits import Effort, IncomparableError
from gateway.core.compare_numbers import Tolerance
from gateway.core.compare_paths import Path, Paths, View, Way, segments
from gateway.core.compare_reading import NOT_JSON, Media
from gateway.core.compare_replies import Reply, read
from gateway.core.compare_tensors import align
from gateway.core.copies import Observation
from gateway.core.differences import Differences, common
from gateway.core.judgement import Judgement
from gateway.core.model import Compare, Protocol

IGNORED: dict[Protocol, tuple[str, ...]] = {
    "http": (),
    "openai": (
        *("$.id", "$.created", "$.model", "$.usage", "$.system_fingerprint", "$.choices[*].message.tool_calls[*].id"),
        *("$.created_at", "$.completed_at", "$.output[*].id", "$.output[*].call_id"),
    ),
    "oip": ("$.id", "$.model_name", "$.model_version"),
}
"""What answers of a protocol differ in by nature, and so may always."""

_KEYED: dict[Protocol, Keyed] = {"openai": Keyed("choices", "index"), "oip": Keyed("outputs", "name")}
_FRAMING = frozenset({b"content-type", b"content-encoding", BINARY_LENGTH})
"""Fields that say what a body is."""
_EXCERPT = 400


@dataclass(frozen=True, slots=True)
class Rules:
    """What may differ, ready to be applied."""

    paths: Paths
    tolerance: Tolerance
    protocol: Protocol


def rules(compare: Compare, protocol: Protocol) -> Rules:
    """Rules of a shadow on a route of this protocol."""
    paths = [Path(segments(each), ignored=True) for each in (*compare.ignore, *IGNORED[protocol])]
    paths += [Path(segments(each), unordered=True) for each in compare.unordered]
    paths += [Path(segments(each), way=_way(at["as"], at.get("min", 0.0))) for each, at in compare.at.items()]
    return Rules(Paths(paths), Tolerance(compare.relative, compare.absolute), protocol)


def _way(name: object, least: object) -> Way:
    assert isinstance(name, str)
    assert isinstance(least, int | float)
    return Way(name, least)


def judge(rules: Rules, live: Observation, shadow: Observation) -> Judgement:
    """What comes of comparing `shadow` with `live`. A differing status ends the comparison: what else differs then
    says nothing."""
    found = Differences()
    try:
        if live.status != shadow.status:
            found.note("status", "value", live.status, shadow.status)
        else:
            _replies(rules, live, shadow, found)
    except IncomparableError as error:
        return Judgement("ignored", error.why)
    if not found.first:
        return Judgement("matched")
    return Judgement("mismatched", "", tuple(found.first), frozenset(found.folded))


def _replies(rules: Rules, live: Observation, shadow: Observation, found: Differences) -> None:
    mine = read(live, rules.protocol)
    # Whatever the rules: a value equals itself. What is too much to be compared has been found out above.
    if live.body == shadow.body and _framing(live) == _framing(shadow):
        return
    other = read(shadow, rules.protocol)
    if not (mine.is_inference and other.is_inference):
        _media(mine.media, other.media, found)
    start = rules.paths.start()
    if start.ignored:
        return
    if mine.value is NOT_JSON or other.value is NOT_JSON:
        _texts(mine, other, found)
        return
    if mine.is_inference and other.is_inference:
        align(mine.value, other.value)
    effort = Effort()
    views = View(mine.value, effort), View(other.value, effort)
    walk = Walk(*views, effort, found, rules.tolerance, keyed=_KEYED.get(rules.protocol))
    walk.compare(mine.value, other.value, start, at=None)


def _framing(observation: Observation) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in observation.fields if name.lower() in _FRAMING]


def _media(live: Media, shadow: Media, found: Differences) -> None:
    """Of the parameters only a charset counts, where both name one."""
    if live.name and not shadow.name:
        found.note("content-type", "missing", live=live.name)
    elif shadow.name and not live.name:
        found.note("content-type", "extra", shadow=shadow.name)
    elif live.name != shadow.name:
        found.note("content-type", "value", live.name, shadow.name)
    elif live.charset and shadow.charset and live.charset != shadow.charset:
        found.note(
            "content-type", "value", f"{live.name}; charset={live.charset}", f"{shadow.name}; charset={shadow.charset}"
        )


def _texts(live: Reply, shadow: Reply, found: Differences) -> None:
    """Two bodies one of which is no JSON at least."""
    if live.text == shadow.text:
        return
    left, right = _excerpts(live.text, shadow.text)
    if not shadow.text:
        found.note("body", "missing", live=left)
    elif not live.text:
        found.note("body", "extra", shadow=right)
    else:
        found.note("body", "value" if live.value is shadow.value else "type", left, right)


def _excerpts(live: bytes, shadow: bytes) -> tuple[str, str]:
    """From a little before the first byte in which they differ."""
    start = max(0, common(live, shadow) - _EXCERPT // 10)
    return live[start : start + _EXCERPT].decode(errors="replace"), shadow[start : start + _EXCERPT].decode(
        errors="replace"
    )
