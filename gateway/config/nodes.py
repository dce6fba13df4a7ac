"""The configuration as a tree that remembers where everything was written.

It decides how a path is shown and which place of the text it means. It must not know what the keys mean.
"""

import json
import re
from dataclasses import dataclass, field
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
ScalarValue: TypeAlias = str | int | float | bool | None


@dataclass(slots=True)
class Place:
    """A place in the text, both counted from 1, and how many nodes stand there (aliases counted in full)."""

    line: int
    column: int
    size: int = 1


@dataclass(slots=True)
class Scalar(Place):
    """One value: as read, and as written; `plain` is without quotes."""

    value: ScalarValue = None
    text: str = ""
    plain: bool = True

    @property
    def merges(self) -> bool:
        """Whether this, as a key, is YAML's merge sign."""
        return self.plain and self.value == "<<"


@dataclass(slots=True)
class Sequence(Place):
    """A list."""

    items: "list[Node]" = field(default_factory=list)


@dataclass(slots=True)
class Mapping(Place):
    """Names and their values; `keys` says where each name was written."""

    entries: "dict[str, Node]" = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)


Node: TypeAlias = Scalar | Sequence | Mapping


def dotted(path: Path) -> str:
    """The path as people read it: `routes.fraud.rules[0].split`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_part(part)}" for part in path)
    return text.removeprefix(".")


def _part(name: str) -> str:
    plain = re.fullmatch(r"[^\s\"]{1,128}", name)
    return name if plain else json.dumps(name[:128], ensure_ascii=False)


def child(node: Node, part: str | int) -> Node | None:
    """The node below, or None where nothing stands there."""
    if isinstance(node, Mapping) and isinstance(part, str):
        return node.entries.get(part)
    if isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
        return node.items[part]
    return None


def find(root: Node, path: Path) -> tuple[Node, Path]:
    """The deepest node along the path, and the path of it; parts that the text does not have are passed over."""
    node, found = root, []
    for part in path:
        below = child(node, part)
        if below is not None:
            node = below
            found.append(part)
    return node, tuple(found)


def key_place(root: Node, path: Path) -> Place:
    """Where the path's last name was written; its value's place where it is not a name."""
    parent, _ = find(root, path[:-1])
    if isinstance(parent, Mapping) and path[-1] in parent.keys:
        return parent.keys[str(path[-1])]
    return find(root, path)[0]
