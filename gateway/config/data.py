"""The tree as plain data for the models, references replaced, `metadata` left as written.

It decides values, not their meaning. Collected faults say which references are missing, and where.
"""

from pathlib import Path as FilePath
from typing import Any

from gateway.config.faults import Fault
from gateway.config.nodes import Mapping, Node, Path, Scalar, dotted
from gateway.config.references import substitute

MAX_REPLACED = 16 << 20
"""Characters that all references of a file may stand for together."""

MISSING = object()
"""Stands in the data where a reference had nothing to give."""


class Plain:
    """One conversion; afterwards `faults` and the `faulty` paths are complete."""

    def __init__(self, folder: FilePath) -> None:
        self.faults: list[Fault] = []
        self.faulty: set[Path] = set()
        self._folder = folder
        self._replaced = 0

    def mapping(self, root: Mapping) -> dict[str, Any]:
        """The whole file's data."""
        return {name: self._data(below, (name,)) for name, below in root.entries.items()}

    def _data(self, node: Node, path: Path, *, free: bool = False) -> object:
        """The node's data. In `free` places numbers that would not print as they were written stay text."""
        if isinstance(node, Scalar):
            return self._scalar(node, path, free=free)
        if isinstance(node, Mapping):
            free = free or (len(path) == 3 and path[0] == "variants" and path[2] == "metadata")
            return {name: self._data(below, (*path, name), free=free) for name, below in node.entries.items()}
        return [self._data(below, (*path, index), free=free) for index, below in enumerate(node.items)]

    def _scalar(self, node: Scalar, path: Path, *, free: bool) -> object:
        value = node.value
        if not isinstance(value, str):
            return node.text if free and isinstance(value, float) and str(value) != node.text else value
        try:
            replaced = substitute(value, self._folder)
            self._check_sum(len(replaced) - len(value))
            return str(replaced) if free else replaced
        except ValueError as error:
            self.faults.append(Fault(node.line, node.column, dotted(path), str(error)))
            self.faulty.add(path)
            return MISSING

    def _check_sum(self, more: int) -> None:
        self._replaced += max(more, 0)
        if self._replaced > MAX_REPLACED:
            raise ValueError(f"the references of this file stand for more than {MAX_REPLACED >> 20} MiB")
