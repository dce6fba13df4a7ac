"""Hashing of names and targeting keys. Decides what bytes are hashed and how a hash becomes a number between 0 and 1.

These bytes are published: tests/vectors/assignment.json fixes them for good, since any change moves callers to other
variants. Nothing here knows a request or a route.

A message is `purpose | u32le length of name | name | ... | key`: one byte for what it is hashed for, each name in UTF-8
after its length, and the targeting key raw and last, so that no two different inputs give the same bytes.
"""

from struct import pack

from xxhash import xxh3_64_intdigest

ASSIGNMENT = b"\x01"
"""Names: salt, variant."""
SHARE = b"\x02"
"""Names: segment."""
SHADOW_SAMPLE = b"\x03"
"""Names: salt, shadow variant."""

UNIT = 2.0**-53
"""One step of the 53 bits that a float holds exactly."""


def prefix(purpose: bytes, *names: str) -> bytes:
    """All of a message but its key."""
    encoded = [name.encode() for name in names]
    return purpose + b"".join(pack("<I", len(name)) + name for name in encoded)


def fraction(message: bytes) -> float:
    """A hash as a number in [2**-53, 1 - 2**-53]: 53 bits of it, the last one set, so that it is never 0 or 1."""
    return ((xxh3_64_intdigest(message) >> 11) | 1) * UNIT
