"""The kernel's limit of the files and sockets that this process, and those it starts, may have open."""

import resource


def raise_limit(needed: int) -> int:
    """Raises it to so many where it is lower, or to as many as may be; how many of those are allowed then. It is never
    lowered."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed
