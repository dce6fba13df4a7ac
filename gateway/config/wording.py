"""What the models found wrong, in words for people, at the place where it was written.

It decides sentences and places. It must not decide what is wrong. Values below the keys that hold secrets, and what
references stand for, are never shown.
"""

import json
import re
from collections.abc import Collection
from itertools import islice

from pydantic_core import ErrorDetails

from gateway.config.document import Document
from gateway.config.faults import Fault
from gateway.config.fields import UnknownNameError
from gateway.config.known_keys import known_keys
from gateway.config.nodes import Mapping, Node, Path, Place, Scalar, Sequence, dotted, find, key_place
from gateway.config.references import holds_reference
from gateway.config.scalars import resolve
from gateway.config.units import DueError
from gateway.core.suggest import did_you_mean

_DUE = {
    "string_type": "text is due",
    "int_type": "a whole number is due",
    "int_from_float": "a whole number is due",
    "float_type": "a number is due",
    "finite_number": "a number is due",
    "bool_type": "true or false is due",
    "list_type": "a list is due",
    "dict_type": "a mapping is due",
    "model_type": "a mapping is due",
    "string_too_short": "text that is not empty is due",
    "too_short": "at least one entry is due",
    "greater_than": "more than {gt} is due",
    "greater_than_equal": "{ge} or more is due",
    "less_than": "less than {lt} is due",
    "less_than_equal": "{le} or less is due",
    "literal_error": "{expected} is due",
}
_COMPARISONS = 100_000
"""Of unknown names with known ones, in one file: about a second's worth."""
_LONGEST_SHOWN = 80
_NAMES_SHOWN = 20


class Wording:
    """Turns the models' errors into faults of one file."""

    def __init__(self, root: Mapping) -> None:
        self._root = root
        self._comparisons = 0

    def fault(self, error: ErrorDetails) -> tuple[Path, Fault]:
        """The path of what is faulty, and the fault in words."""
        path = error["loc"]
        if error["type"] == "missing":
            return path, _at(find(self._root, path[:-1])[0], path, "missing; it is required here")
        if error["type"] == "extra_forbidden":
            return path, _at(key_place(self._root, path), path, self._unknown_key(path))
        if path[-1] == "[key]":
            path = path[:-1]
            return path, _at(key_place(self._root, path), path, self._sentence(error, _quoted(str(path[-1]))))
        return self._value(error)

    def _unknown_key(self, path: Path) -> str:
        known = known_keys(Document, path[:-1])
        return f"unknown key{self._suggest(str(path[-1]), known)}; allowed: {', '.join(known)}"

    def _value(self, error: ErrorDetails) -> tuple[Path, Fault]:
        cause = _cause(error)
        path = (*error["loc"], *getattr(cause, "at", ()))
        node, found = find(self._root, path)
        if _tells_reference(node, cause) and not is_secret(path):
            return found, _at(node, found, "what the reference stands for does not fit here (it is not shown)")
        sentence = self._sentence(error, "" if is_secret(path) else _shown(node))
        return found, _at(node, found, sentence + _hint(sentence, node, path))

    def _sentence(self, error: ErrorDetails, shown: str) -> str:
        cause = _cause(error)
        if isinstance(cause, UnknownNameError):
            return self._unknown_name(cause, shown)
        if cause is not None and not isinstance(cause, DueError):
            return str(cause)
        due = str(cause) if cause else _due(error)
        return f"{due}, not {shown}" if shown else due

    def _unknown_name(self, cause: UnknownNameError, shown: str) -> str:
        some = [name for name in islice(cause.known, _NAMES_SHOWN) if len(name) <= _LONGEST_SHOWN]
        listed = f"; defined: {', '.join(some)}{', ...' if len(cause.known) > len(some) else ''}" if some else ""
        return f"the file defines no {cause.kind} {shown}".rstrip() + self._suggest(cause.name, cause.known) + listed

    def _suggest(self, name: str, known: Collection[str]) -> str:
        self._comparisons += len(known)
        return did_you_mean(name, known) if self._comparisons <= _COMPARISONS else ""


def is_secret(path: Path) -> bool:
    """Whether a value at the path may be a secret, so that no message shows it."""
    in_headers = len(path) > 4 and path[0] == "variants" and path[2:4] == ("headers", "set")
    return path[:1] in (("store",), ("notify",)) or path[:2] == ("admin", "tokens") or in_headers


def _cause(error: ErrorDetails) -> ValueError | None:
    cause = error.get("ctx", {}).get("error")
    return cause if isinstance(cause, ValueError) else None


def _due(error: ErrorDetails) -> str:
    sentence = _DUE.get(error["type"], error["msg"])
    context = {name: f"{each:g}" if isinstance(each, float) else each for name, each in error.get("ctx", {}).items()}
    return sentence.format(**context).replace("'", "")


def _tells_reference(node: Node, cause: ValueError | None) -> bool:
    """Whether the cause may quote what a reference stands for."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or not holds_reference(node.text):
        return False
    return cause is not None and not isinstance(cause, DueError | UnknownNameError)


def _shown(node: Node) -> str:
    if isinstance(node, Scalar):
        return (_quoted(node.text) if isinstance(node.value, str) else node.text) or "nothing"
    return "a list" if isinstance(node, Sequence) else "a mapping"


def _quoted(text: str) -> str:
    if re.search("//[^/]*@", text):
        return ""
    return json.dumps(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "...", ensure_ascii=False)


def _hint(sentence: str, node: Node, path: Path) -> str:
    """How to write what was meant, where only the quotes are wrong."""
    if not isinstance(node, Scalar) or node.value is None or is_secret(path):
        return ""
    if sentence.startswith("text ") and not isinstance(node.value, str):
        return f': quote it, "{node.text}"'
    if sentence.startswith(("a whole number ", "a number ", "true or false ")) and not isinstance(
        resolve(node.text), str
    ):
        return ": leave out the quotes" if isinstance(node.value, str) else ""
    return ""


def _at(place: Place, path: Path, message: str) -> Fault:
    return Fault(place.line, place.column, dotted(path), message)
