"""The inputs kept in the repository, by target: good and bad ones to begin with, and every one that found a fault."""

from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"


def kept(target: str) -> dict[str, bytes]:
    """Those of a target, by name."""
    return {file.name: file.read_bytes() for file in sorted((FOLDER / target).iterdir())}
