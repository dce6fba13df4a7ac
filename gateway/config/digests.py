"""Digests of the files that a configuration names: with them a changed certificate makes a changed snapshot."""

import hashlib
from functools import cache
from pathlib import Path

from gateway.config.references import named_files
from gateway.core import model


@cache
def _of_one(path: str, _stat: tuple[int, int, int]) -> bytes:
    return hashlib.sha256(Path(path).read_bytes()).digest()


def digest(*paths: str | None) -> str:
    """Of what the files hold now; empty where none is given. A file that cannot be read counts as empty."""
    named = [path for path in paths if path is not None]
    if not named:
        return ""
    whole = hashlib.sha256()
    for path in named:
        try:
            stat = Path(path).stat()
            whole.update(_of_one(path, (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)))
        except OSError:
            whole.update(b"-")
    return whole.hexdigest()


def files(text: str, snapshot: model.Snapshot, folder: Path) -> tuple[str, ...]:
    """The files whose content matters to the configuration, beside its own."""
    found = {str(folder / name) for name in named_files(text)}
    for listener in snapshot.listen:
        found |= {listener.cert or "", listener.key or ""}
    for variant in snapshot.variants.values():
        found |= {variant.tls.ca or "", variant.tls.cert or "", variant.tls.key or ""}
    return tuple(sorted(found - {""}))
