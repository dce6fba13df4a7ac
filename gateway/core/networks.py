"""Networks in CIDR form, IPv4 and IPv6. Decides whether an address lies in one; knows no request.

An IPv4 address written inside IPv6 (::ffff:10.0.0.1) is that IPv4 address, in networks as in values.
"""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_MAPPED = 0xFFFF << 32


def compile_networks(networks: Iterable[str]) -> Callable[[str], bool]:
    """Whether a text is an address in one of the networks; ValueError names a network that is none.

    The cost grows with the number of different prefix lengths, not of networks.
    """
    members: dict[tuple[int, int], set[int]] = {}
    for network in networks:
        version, length, first = _network(network)
        members.setdefault((version, length), set()).add(first)
    tables = [(version, _shift(version, length), firsts) for (version, length), firsts in members.items()]

    def contains(text: str) -> bool:
        try:
            version, number = _address(ip_address(text))
        except ValueError:
            return False
        return any(version == of and number >> shift in firsts for of, shift, firsts in tables)

    return contains


def _network(text: str) -> tuple[int, int, int]:
    """Version, prefix length, and the prefix itself as a number of that many bits."""
    network = ip_network(text, strict=False)
    length = network.prefixlen
    version, number = network.version, int(network.network_address)
    if version == 6 and length >= 96 and number >> 32 == _MAPPED >> 32:
        version, length, number = 4, length - 96, number & 0xFFFFFFFF
    return version, length, number >> _shift(version, length)


def _address(address: IPv4Address | IPv6Address) -> tuple[int, int]:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (4, int(mapped)) if mapped is not None else (address.version, int(address))


def _shift(version: int, length: int) -> int:
    return (32 if version == 4 else 128) - length
