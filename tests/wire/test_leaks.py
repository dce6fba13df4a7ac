"""After thousands of requests by clients that leave at random moments nothing is left behind.

This is the bounded version; `python -m tests.leak` does the same with as many requests as it is told.
"""

from tests.support.gateway import Gateway, config
from tests.wire.load import holdings, leave_at_random, upstream, wait_idle

CONNECTIONS = 2000
LIMITS = {"header_timeout": "2s", "body_idle": "2s", "keepalive": "2s"}
SLACK = 2 << 20
"""Memory that may come and go with the allocator."""


def test_clients_that_leave_leave_nothing_behind() -> None:
    """The second round of the same load costs no memory; descriptors, gauges and pools are where they began."""
    with upstream() as url, Gateway(config(url, limits=LIMITS, variant={"timeouts": {"first_byte": "2s"}})) as gateway:
        before = holdings(gateway)
        leave_at_random(gateway.port, CONNECTIONS, seed=1)
        settled = wait_idle(gateway, before)
        leave_at_random(gateway.port, CONNECTIONS, seed=2)
        after = wait_idle(gateway, before)
    assert after.in_flight == 0
    assert after.connections <= settled.connections
    assert after.descriptors <= settled.descriptors
    assert after.memory - settled.memory < SLACK, f"{(after.memory - settled.memory) >> 10} KiB more"
