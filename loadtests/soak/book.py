"""One byte for each request, in memory that the models' process and the accountant share.

Of a byte the low bits say which model answered well, the high ones which received it; three models have their own bit,
all others share the fourth. Requests are known by their id, which holds their number.
"""

import mmap
import os
from pathlib import Path

ID = b"soak-%011d"
_PREFIX = "soak-"
OTHERS = 3


def number_of(request_id: str) -> int | None:
    """The number in a request's id, if it is one of the soak's."""
    rest = request_id.removeprefix(_PREFIX)
    return int(rest) if request_id.startswith(_PREFIX) and rest.isdecimal() else None


class Book:
    """The bytes; `size` is the number of requests it has room for."""

    def __init__(self, file: Path, size: int) -> None:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(descriptor, size)
        self.bytes = mmap.mmap(descriptor, size)
        self.size = size
        os.close(descriptor)

    def received(self, number: int, model: int) -> None:
        """That model has it."""
        self.bytes[number] |= 16 << model

    def answered(self, number: int, model: int) -> None:
        """That model has answered it well."""
        self.bytes[number] |= 1 << model


def missing(wanted: bytes, found: bytes) -> int:
    """Requests for which a bit that is set in `wanted` is not set in `found`; both of the same length."""
    lacking = int.from_bytes(wanted, "little") & ~int.from_bytes(found, "little")
    left = lacking.to_bytes(len(wanted), "little")
    return len(left) - left.count(0)
