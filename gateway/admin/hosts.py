"""Which `Host` a caller of the admin side may name.

Without tokens the admin side trusts whoever reaches it on the loopback. A page in a browser on the same machine reaches
it as well, by a name its owner lets point there, so only loopback names are answered.
"""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a Host field names this machine and nothing else; a port may follow the name."""
    name = _without_port(host).lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
