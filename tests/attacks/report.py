"""The attacks' outcomes at several proxies as tables in Markdown: by family, and every case where they differ."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.attacks.families import ATTACKS, NOTES, Attack
from tests.attacks.scene import OUTCOMES, Outcome

Outcomes = dict[str, list[Outcome]]
"""For each proxy, by its name with version, the outcomes of `ATTACKS` in their order."""
SHOWN = 6


def families(found: Outcomes) -> Iterator[str]:
    """How many attacks of each family came to what, at each proxy."""
    yield from _head(["family", "attacks", *found])
    for family in dict.fromkeys(attack.family for attack in ATTACKS):
        places = [at for at, attack in enumerate(ATTACKS) if attack.family == family]
        yield _row([family, str(len(places)), *(_counts(each, places) for each in found.values())])
    everything = list(range(len(ATTACKS)))
    yield _row(["all", str(len(ATTACKS)), *(_counts(each, everything) for each in found.values())])


def differences(found: Outcomes) -> Iterator[str]:
    """The cases where a proxy differs from the first, those of a group with the same outcomes in one line."""
    yield from _head(["what is sent", "cases", *found])
    groups: dict[tuple[str, tuple[str, ...]], list[Attack]] = defaultdict(list)
    for at, attack in enumerate(ATTACKS):
        words = tuple(outcomes[at].word for outcomes in found.values())
        if len(set(words)) > 1:
            groups[attack.group, words].append(attack)
    for (group, words), attacks in groups.items():
        yield _row([group, _names(attacks), *map(_marked, words)])


def notes(found: Outcomes) -> Iterator[str]:
    """What HTTP says of each group in which proxies differ."""
    for group, note in NOTES.items():
        words = {tuple(each[at].word for each in found.values()) for at in _places(group)}
        if any(len(set(each)) > 1 for each in words):
            yield f"- *{group}*: {note}."


def meanings() -> Iterator[str]:
    """What the words of the tables mean."""
    for word, meaning in OUTCOMES.items():
        yield f"- {_marked(word)}: {meaning}"


def _places(group: str) -> list[int]:
    return [at for at, attack in enumerate(ATTACKS) if attack.group == group]


def _counts(outcomes: list[Outcome], places: list[int]) -> str:
    counted = Counter(outcomes[at].word for at in places)
    return ", ".join(f"{counted[word]} {_marked(word)}" for word in OUTCOMES if counted[word])


def _marked(word: str) -> str:
    return word if word in {"refused", "passed"} else f"**{word}**"


def _names(attacks: list[Attack]) -> str:
    names = [attack.name.replace("|", "\\|") for attack in attacks]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _head(cells: list[str]) -> Iterator[str]:
    yield _row(cells)
    yield "|" + "---|" * len(cells)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
