"""The attacks by load in a small size: honest callers are all answered, memory and metrics stay as they are.

What callers wait is measured by `make attacks`, where the attacks have their full size; here nothing is timed.
"""

from collections.abc import Iterator

import pytest

from tests.attacks.honest import call
from tests.attacks.loads import LOADS, besieged
from tests.attacks.siege import settings
from tests.support import kernel
from tests.support.gateway import Gateway
from tests.wire.load import upstream

SIZES = {
    "slow-loris": 300,
    "slow bodies": 100,
    "slow readers": 20,
    "connection flood": 200,
    "header flood": 20,
    "heads too large": 50,
    "unknown paths": 1_000,
    "distinct callers": 1_000,
}
LIMITS = {"header_timeout": "500ms", "body_idle": "1s", "keepalive": "1s"}
MOST = 60 << 20


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with upstream() as url, Gateway({**settings(url), "limits": LIMITS}) as running:
        yield running


def test_every_attack_is_tried() -> None:
    assert SIZES.keys() == LOADS.keys()


@pytest.mark.parametrize("name", SIZES)
def test_honest_callers_are_served_beside(name: str, gateway: Gateway) -> None:
    """All of them, while it goes on; and nothing of it adds to what is counted by name."""
    worker = gateway.worker
    with besieged(name, gateway.port, SIZES[name]) as over:
        beside = call(gateway.port, seconds=0.5, rate=50)
        series = set(gateway.metrics())
        beside_later = call(gateway.port, seconds=0.5, rate=50)
        if SIZES[name] >= 1_000:
            assert over.wait(60)
        grown = {sample.partition("{")[0] for sample in set(gateway.metrics()) - series}
    assert beside.failed + beside_later.failed == 0
    assert grown <= {"gateway_rejected_requests_total", "gateway_client_disconnects_total", "gateway_requests_total"}
    assert len(gateway.metrics()) < 200
    assert gateway.worker == worker
    if name != "slow readers":
        assert kernel.memory(worker) < MOST
