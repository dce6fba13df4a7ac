"""Endpoints as operators see them: what each worker tells of its own, and what all of that comes to.

Each worker writes, per endpoint of a variant, whether it sends it calls and how many are in flight; per variant, one
bit for each address that it has ejected. Zeros are of a worker that has not used the variant. It must not know who
writes or reads.
"""

from collections.abc import Iterable, Sequence
from operator import or_

from gateway.core.metrics import key

UNKNOWN, USED, UNUSED = 0, 1, 2
"""What a worker does with an endpoint."""
USE, IN_FLIGHT = 0, 1
SIZE = 2
"""The cells of one endpoint."""

EJECTED_SIZE = 8
"""The cells of the bits: pools of up to 496 addresses are counted exactly, in larger ones some share a bit."""
_BITS = 62

ENDPOINT = "endpoint"


def endpoint_key(variant: str, url: str) -> bytes:
    """What the cells of one endpoint are filed under."""
    return key(ENDPOINT, variant, url)


def ejected_key(variant: str) -> bytes:
    """What the bits of a variant are filed under."""
    return key("ejected", variant)


def together(told: Iterable[Sequence[int]]) -> tuple[bool, int]:
    """Of one endpoint, by the cells of all workers: whether it is available, which it is while one of those that know
    it uses it, and its requests in flight."""
    uses = set[int]()
    in_flight = 0
    for cells in told:
        uses.add(cells[USE])
        in_flight += cells[IN_FLIGHT]
    return USED in uses or UNUSED not in uses, in_flight


def bits(positions: Iterable[int]) -> list[int]:
    """The cells for the addresses at these places of a pool."""
    cells = [0] * EJECTED_SIZE
    for position in positions:
        cell, bit = divmod(position % (EJECTED_SIZE * _BITS), _BITS)
        cells[cell] |= 1 << bit
    return cells


def count(told: Iterable[Sequence[int]]) -> int:
    """How many addresses have a bit in the cells of any worker."""
    anywhere = [0] * EJECTED_SIZE
    for cells in told:
        anywhere = list(map(or_, anywhere, cells))
    return sum(cells.bit_count() for cells in anywhere)
