"""Conditions in words: what each part of one wants, what it saw in a request, and whether it held.

Outcomes come from the compiled functions that serve, so words and deeds cannot differ.
"""

import json
from collections.abc import Iterator

from gateway.core.conditions import compile_condition, parts
from gateway.core.facts import Facts
from gateway.core.hashing import SHARE, fraction, prefix
from gateway.core.jsonfield import MISSING
from gateway.core.model import All, Condition, Not, Operand, Share, Source, Test
from gateway.core.sources import json_reader, text_reader

_LONGEST = 80
"""Characters of a value that are shown."""


def source_words(source: Source) -> str:
    """A source as the configuration names it."""
    return f"{source.kind} {source.name}".rstrip()


def shown(value: bytes | str) -> str:
    """A value as one short line of text that no terminal acts upon."""
    text = value.decode(errors="backslashreplace") if isinstance(value, bytes) else value
    line = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text[:_LONGEST])
    return line if len(text) <= _LONGEST else f"{line}..."


def percent(fraction: float) -> str:
    """A share as it is written in the configuration."""
    return f"{fraction:.4%}".rstrip("%").rstrip("0").rstrip(".") + " %"


class Observed:
    """One request as conditions of one segment see it."""

    def __init__(self, facts: Facts, key: bytes | None, segment: str) -> None:
        self._facts = facts
        self._key = key
        self._segment = segment

    def lines(self, condition: Condition, depth: int = 1) -> Iterator[str]:
        """Each part of the condition on a line of its own, parts of parts further in."""
        held = compile_condition(condition, self._segment)(self._facts, self._key)
        yield f"{'  ' * depth}{self._words(condition)}: {'yes' if held else 'no'}"
        for part in parts(condition):
            yield from self.lines(part, depth + 1)

    def _words(self, condition: Condition) -> str:
        match condition:
            case Test(source=source, operator=operator, operand=operand):
                return f"{source_words(source)} {operator} {_operand(operand)}, saw {self._seen(source)}"
            case Share(fraction=share):
                return f"share {percent(share)} of targeting keys, {self._hashed()}"
            case Not():
                return "not"
            case All():
                return "all"
        return "any"

    def _seen(self, source: Source) -> str:
        if source.kind == "json":
            value = json_reader(source)(self._facts)
            return "nothing" if value is MISSING else shown(json.dumps(value, ensure_ascii=False))
        text = text_reader(source)(self._facts)
        return "nothing" if text is None else shown(text)

    def _hashed(self) -> str:
        if self._key is None:
            return "there is none"
        return f"this one lies at {percent(fraction(prefix(SHARE, self._segment) + self._key))}"


def _operand(operand: Operand) -> str:
    if isinstance(operand, tuple):
        return f"[{', '.join(_operand(each) for each in operand)}]"
    return operand if isinstance(operand, str) else json.dumps(operand)
