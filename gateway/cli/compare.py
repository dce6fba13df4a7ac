"""`gateway compare`: replies in files judged as a shadow's are, for trying `compare` settings. Nothing is sent."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from gateway.cli import terminal
from gateway.cli.loading import CONFIGURATION, load
from gateway.cli.pairs import Pair, bodies, recorded
from gateway.cli.sheet import columns
from gateway.core.compare import Rules, judge, rules
from gateway.core.differences import MOST_DIFFERENCES
from gateway.core.judgement import Difference, Judgement
from gateway.core.model import Compare, Route, Shadow

DIFFERENT = 1
SHOWN = 20
"""Pairs that are shown one by one."""

EXAMPLES = """\b
Examples:
  gateway compare live.json shadow.json
  gateway compare pairs.jsonl --rules gateway.yaml --route fraud
  gateway compare live.json shadow.json --rules gateway.yaml --route fraud --shadow fraud-5 --json
"""


@dataclass(slots=True)
class Found:
    """What came of many pairs."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Of the pairs that were ignored."""
    places: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Pairs that differ there: folded path and kind."""
    examples: list[tuple[str, Judgement]] = field(default_factory=list)
    """The first pairs that differ, by request."""

    def add(self, request_id: str, judgement: Judgement) -> None:
        """One more pair."""
        self.outcomes[judgement.outcome] += 1
        self.places.update(judgement.folded)
        if judgement.outcome == "ignored":
            self.reasons[judgement.why] += 1
        if judgement.outcome == "mismatched" and len(self.examples) < SHOWN:
            self.examples.append((request_id, judgement))


@click.command(epilog=EXAMPLES)
@click.argument("left", type=click.Path(path_type=Path))
@click.argument("right", type=click.Path(path_type=Path), required=False)
@click.option("--rules", "file", type=CONFIGURATION, metavar="FILE", help="A configuration, whose rules are used.")
@click.option("--route", metavar="R", help="The route in FILE.")
@click.option("--shadow", metavar="V", help="Which of the route's shadows, where it has several.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(  # noqa: PLR0913 - one for each option
    left: Path, right: Path | None, *, file: Path | None, route: str | None, shadow: str | None, as_json: bool
) -> int:
    """Judge two replies as a shadow's reply and a live one are judged.

    LEFT and RIGHT are the bodies of two replies, LEFT the live one. With LEFT alone it is a file of recorded pairs, as
    `record` in the configuration has them written; each pair is judged.

    Without --rules nothing is ignored and numbers are compared exactly. The exit code is 0 where all are equal, and 1
    where something differs or cannot be compared.
    """
    chosen = _rules(file, route, shadow, as_json=as_json)
    if right is None:
        return _many(recorded(left), chosen, as_json=as_json)
    pair = bodies(left, right)
    return _one(judge(chosen, pair.live, pair.shadow), as_json=as_json)


def _rules(file: Path | None, route: str | None, shadow: str | None, *, as_json: bool) -> Rules:
    if file is None:
        if route is not None or shadow is not None:
            raise click.UsageError("--route and --shadow are of the file that --rules names")
        return rules(Compare(), "http")
    if route is None:
        raise click.UsageError("--rules needs --route: rules are those of a route's shadow")
    routes = load(file, as_json=as_json).snapshot.routes
    if route not in routes:
        raise click.UsageError(f"{file} defines no route {route!r}; it defines: {', '.join(routes)}")
    return rules(_shadow(routes[route], shadow).compare, routes[route].protocol)


def _shadow(route: Route, variant: str | None) -> Shadow:
    names = [each.variant for each in route.shadow]
    if variant is None and len(names) > 1:
        raise click.UsageError(f"route {route.name!r} has several shadows; name one with --shadow: {', '.join(names)}")
    found = [each for each in route.shadow if variant in {None, each.variant}]
    if not found:
        which = "no shadow" if variant is None else f"no shadow {variant!r}"
        raise click.UsageError(f"route {route.name!r} has {which}; it has: {', '.join(names) or 'none'}")
    return found[0]


def _one(judgement: Judgement, *, as_json: bool) -> int:
    if as_json:
        terminal.document(_document(judgement))
    else:
        terminal.result(_headline(judgement), style="green" if judgement.outcome == "matched" else "yellow")
        _show(judgement.differences)
    return 0 if judgement.outcome == "matched" else DIFFERENT


def _many(pairs: Iterable[Pair], chosen: Rules, *, as_json: bool) -> int:
    found = Found()
    for pair in pairs:
        found.add(pair.request_id, judge(chosen, pair.live, pair.shadow))
    if as_json:
        terminal.document(_summary(found))
    else:
        _show_many(found)
    return 0 if set(found.outcomes) <= {"matched"} else DIFFERENT


def _headline(judgement: Judgement) -> str:
    if judgement.outcome == "ignored":
        return f"ignored: {judgement.why}"
    if judgement.outcome == "matched":
        return "matched"
    count = len(judgement.differences)
    if count >= MOST_DIFFERENCES:
        return f"mismatched: the first {count} differences"
    return f"mismatched: {count} difference{'' if count == 1 else 's'}"


def _show(differences: Iterable[Difference]) -> None:
    rows = [[each.path, each.kind, _sides(each)] for each in differences]
    for line in columns(rows, indent="  ") if rows else ():
        terminal.result(line)


def _sides(difference: Difference) -> str:
    return f"{difference.live or '(absent)'}  ->  {difference.shadow or '(absent)'}"


def _show_many(found: Found) -> None:
    counts = [f"{count:,} {word}" for word in ("matched", "mismatched", "ignored") if (count := found.outcomes[word])]
    total = found.outcomes.total()
    terminal.result(f"{total:,} pair{'' if total == 1 else 's'}: {', '.join(counts) or 'none'}", style="bold")
    for why, count in found.reasons.most_common():
        terminal.result(f"  ignored: {why} ({count:,})")
    rows = [[path, kind, f"{count:,}"] for (path, kind), count in _by_count(found)]
    for line in columns([["path", "kind", "pairs"], *rows], indent="  ") if rows else ():
        terminal.result(line)
    for request_id, judgement in found.examples:
        terminal.result(f"\n{request_id}: {_headline(judgement)}")
        _show(judgement.differences)


def _by_count(found: Found) -> Iterator[tuple[tuple[str, str], int]]:
    return iter(sorted(found.places.items(), key=lambda place: (-place[1], place[0])))


def _summary(found: Found) -> dict[str, Any]:
    return {
        "pairs": found.outcomes.total(),
        **{word: found.outcomes[word] for word in ("matched", "mismatched", "ignored")},
        "reasons": dict(found.reasons),
        "paths": [{"path": path, "kind": kind, "mismatched": count} for (path, kind), count in _by_count(found)],
        "items": [{"request_id": request_id, **_document(judgement)} for request_id, judgement in found.examples],
    }


def _document(judgement: Judgement) -> dict[str, Any]:
    return {
        "outcome": judgement.outcome,
        "why": judgement.why,
        "differences": [each._asdict() for each in judgement.differences],
    }
