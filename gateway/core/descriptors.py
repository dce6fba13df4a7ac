"""Descriptors: how many files and sockets a worker may need to have open by a snapshot.

It must not know how many it is allowed.
"""

from gateway.core.model import Snapshot

SPARE = 256
"""What a process needs beside its connections."""


def needed(snapshot: Snapshot) -> int:
    """One worker may hold every client, and a connection for each request in flight besides."""
    clients = snapshot.limits.connections
    return clients + min(clients, sum(variant.concurrency for variant in snapshot.variants.values())) + SPARE
