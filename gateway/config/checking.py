"""From the tree to checked models, collecting every fault on the way.

It decides which faults are reported together: a faulty key is set aside, so that what else is wrong is still found.
"""

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.config.cross_checks import cross_faults
from gateway.config.data import Plain
from gateway.config.document import Document, Partial
from gateway.config.faults import MAX_FAULTS, WHOLE_FILE, ConfigError, Fault
from gateway.config.faulty import Faulty
from gateway.config.fields import Names
from gateway.config.nodes import Mapping, Path
from gateway.config.wording import Wording

Data = dict[str, Any]


def check(root: Mapping, faults: list[Fault], *, folder: FilePath) -> Document:
    """The document; raises ConfigError with `faults` and all that are found here."""
    plain = Plain(folder)
    data = plain.mapping(root)
    checker = _Checker(root, names=Names(_names(root, "variants"), _names(root, "segments"), folder))
    for path in plain.faulty:
        checker.set_aside(data, path)
    document = checker.document(data)
    faults = [*faults, *plain.faults, *checker.faults]
    faults += cross_faults(document, root, checker.faulty)
    if faults:
        raise ConfigError(_one_each(faults))
    return document


def _one_each(faults: list[Fault]) -> list[Fault]:
    """The first fault of each place and path: the next may only follow from it."""
    return list({(fault.line, fault.column, fault.path): fault for fault in reversed(faults)}.values())


def _names(root: Mapping, section: str) -> dict[str, None] | None:
    """The names a section defines; None where it is broken. A section that is absent defines none."""
    node = root.entries.get(section)
    if node is None:
        return {}
    return dict.fromkeys(node.entries) if isinstance(node, Mapping) else None


class _Checker:
    def __init__(self, root: Mapping, names: Names) -> None:
        self.faults: list[Fault] = []
        self.faulty = Faulty()
        self._wording = Wording(root)
        self._names = names

    def document(self, data: Data) -> Document:
        """The models; without what is faulty where something is."""
        kind = Document
        while True:
            try:
                return kind.model_validate(data, context=self._names)
            except ValidationError as error:
                paths = self._report(error)
            taken = [self.set_aside(data, path) for path in paths]
            assert any(taken) or kind is Document, "every round takes something away, so the rounds end"
            kind = Partial

    def set_aside(self, data: Data, path: Path) -> bool:
        """Takes the innermost entry of a mapping that holds the path out of the data; False where there is none."""
        self.faulty.add(path)
        mapping, depth = _innermost(data, path)
        if mapping is None:
            return False
        del mapping[str(path[depth])]
        self.faulty.add(path[: depth + 1])
        return True

    def _report(self, error: ValidationError) -> set[Path]:
        """The paths to set aside; faults that follow from an earlier one are not reported."""
        errors = error.errors(include_url=False, include_input=False)
        if len(errors) > MAX_FAULTS:
            raise ConfigError([*self.faults, *self._first(errors)])
        found = [(each["type"], *self._wording.fault(each)) for each in errors]
        self.faults += [fault for _, path, fault in found if not self.faulty.touches(*path)]
        return {path[:-1] if kind == "missing" else path for kind, path, _ in found}

    def _first(self, errors: list[ErrorDetails]) -> Iterator[Fault]:
        for error in errors[:MAX_FAULTS]:
            yield self._wording.fault(error)[1]
        yield Fault(1, 1, WHOLE_FILE, f"there are {len(errors):,} faults; {MAX_FAULTS:,} of them are listed")


def _innermost(data: Data, path: Path) -> tuple[Data | None, int]:
    """The last mapping along the path that has the path's next part, and how deep it lies."""
    mapping, depth = None, 0
    at: Any = data
    for index, part in enumerate(path):
        if isinstance(at, dict) and part in at:
            mapping, depth = at, index
        elif not isinstance(at, list) or not isinstance(part, int) or part >= len(at):
            break
        at = at[part]
    return mapping, depth
