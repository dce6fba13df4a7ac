"""The paths of a configuration that are known to be faulty."""

from gateway.config.nodes import Path


class Faulty:
    """Answers whether something is faulty, holds something faulty, or lies within it."""

    def __init__(self) -> None:
        self._paths: set[Path] = set()
        self._above: set[Path] = set()

    def add(self, path: Path) -> None:
        """Remembers a faulty path."""
        self._paths.add(path)
        self._above.update(path[:length] for length in range(len(path) + 1))

    def touches(self, *path: str | int) -> bool:
        """Whether the path holds something faulty or lies within it."""
        return path in self._above or any(path[:length] in self._paths for length in range(len(path) + 1))
