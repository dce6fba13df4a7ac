"""After thousands of requests by clients that leave at random moments nothing is left behind.

This is the bounded version; `python -m tests.leak` does the same with as many requests as it is told.
"""

from tests.support.gateway import Gateway, config
from tests.wire.load import leave_at_random, upstream, wait_idle

CONNECTIONS = 1000
AT_ONCE = 64
LIMITS = {"header_timeout": "2s", "body_idle": "2s", "keepalive": "2s"}
SLACK = 2 << 20
"""Memory that may come and go with the allocator."""
OTHERS = 40
"""Descriptors that are no connections."""


def test_clients_that_leave_leave_nothing_behind() -> None:
    """The second round of the same load costs no memory; nothing is in flight, nobody connected, no descriptor lost."""
    with upstream() as url, Gateway(config(url, limits=LIMITS)) as gateway:
        leave_at_random(gateway.port, CONNECTIONS, seed=1, at_once=AT_ONCE)
        settled = wait_idle(gateway)
        leave_at_random(gateway.port, CONNECTIONS, seed=2, at_once=AT_ONCE)
        after = wait_idle(gateway)
    assert (after.in_flight, after.clients) == (0, 0)
    assert after.upstream <= AT_ONCE
    assert after.descriptors <= after.upstream + OTHERS
    assert after.memory - settled.memory < SLACK, f"{(after.memory - settled.memory) >> 10} KiB more"
