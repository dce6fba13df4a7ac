"""Permits to probe, counted for the whole gateway by locks on the bytes of one file.

The kernel takes the locks of a process that ends, however it ends, so no permit is ever lost. (A process's own locks do
not keep itself out, so those it has are remembered; and the file is opened once, since closing it anywhere in the
process would free them all.)
"""

import fcntl
import os
from hashlib import blake2b

_MOST = 1 << 16
"""Permits of one variant."""


class Permits:
    """One variant's, as this process has them."""

    def __init__(self, descriptor: int, variant: str) -> None:
        self._descriptor = descriptor
        self._start = int.from_bytes(blake2b(variant.encode(), digest_size=5).digest(), "big") * _MOST
        self._held: set[int] = set()

    @property
    def is_held(self) -> bool:
        """Whether this process has any."""
        return bool(self._held)

    def claim(self, limit: int) -> int | None:
        """The first of so many that nobody has; None where all are taken."""
        for token in range(limit):
            if token not in self._held and self._lock(token):
                self._held.add(token)
                return token
        return None

    def release(self, token: int) -> None:
        """It is free again."""
        self._held.discard(token)
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, self._start + token)

    def _lock(self, token: int) -> bool:
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self._start + token)
        except OSError:
            return False
        return True


def open_file(path: str) -> int:
    """A descriptor to lock bytes by; it stays open as long as the process."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
