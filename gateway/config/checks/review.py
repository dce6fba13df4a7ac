"""What every check is given, and how it names a place. It knows no rule of its own."""

from dataclasses import dataclass

from gateway.config.document import Document
from gateway.config.faults import Fault
from gateway.config.faulty import Faulty
from gateway.config.nodes import Mapping, dotted, find, key_place


@dataclass(frozen=True, slots=True)
class Review:
    """A checked document, where it was written, and what of it was set aside as faulty."""

    document: Document
    root: Mapping
    faulty: Faulty

    def clean(self, *path: str | int) -> bool:
        """Whether nothing on, below or above the path is known to be faulty."""
        return not self.faulty.touches(*path)

    def at_value(self, message: str, *path: str | int) -> Fault:
        """A fault where the path's value stands."""
        node, _ = find(self.root, path)
        return Fault(node.line, node.column, dotted(path), message)

    def at_key(self, message: str, *path: str | int) -> Fault:
        """A fault where the path's last name stands."""
        place = key_place(self.root, path)
        return Fault(place.line, place.column, dotted(path), message)

    def given(self, *path: str | int) -> bool:
        """Whether the path stands in the file."""
        return len(find(self.root, path)[1]) == len(path)
