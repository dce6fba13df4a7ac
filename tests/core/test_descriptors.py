"""How many descriptors a worker may need."""

from dataclasses import replace

import pytest

from gateway.core.descriptors import SPARE, needed
from gateway.core.model import Limits, Snapshot, Variant


@pytest.mark.parametrize(
    ("clients", "concurrency", "expected"),
    [(100, [10, 20], 130), (100, [80, 80], 200), (100, [], 100), (0, [5], 0)],
)
def test_every_client_and_each_of_its_requests(clients: int, concurrency: list[int], expected: int) -> None:
    variants = {f"v{at}": Variant(f"v{at}", (), concurrency=most) for at, most in enumerate(concurrency)}
    snapshot = Snapshot(listen=(), variants=variants, routes={})
    limits = replace(snapshot.limits, connections=clients)
    assert isinstance(limits, Limits)
    assert needed(replace(snapshot, limits=limits)) == expected + SPARE
