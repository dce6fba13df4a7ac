"""Which addresses lie in which networks."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.networks import compile_networks


@pytest.mark.parametrize(
    ("networks", "address", "inside"),
    [
        (["10.0.0.0/8"], "10.255.0.1", True),
        (["10.0.0.0/8"], "11.0.0.1", False),
        (["10.0.0.1"], "10.0.0.1", True),
        (["10.0.0.1"], "10.0.0.2", False),
        (["10.1.2.3/8"], "10.0.0.1", True),
        (["0.0.0.0/0"], "203.0.113.9", True),
        (["0.0.0.0/0"], "2001:db8::1", False),
        (["::/0"], "2001:db8::1", True),
        (["::/0"], "10.0.0.1", False),
        (["::/0"], "::ffff:10.0.0.1", False),
        (["2001:db8::/32"], "2001:db8:ffff::1", True),
        (["2001:db8::/32"], "2001:db9::1", False),
        (["10.0.0.0/8"], "::ffff:10.0.0.1", True),
        (["::ffff:10.0.0.0/104"], "10.0.0.1", True),
        (["::ffff:10.0.0.0/104"], "::ffff:11.0.0.1", False),
        (["::ffff:0:0/96"], "10.0.0.1", True),
        (["10.0.0.0/8", "192.168.0.0/16", "fd00::/8"], "192.168.3.4", True),
        (["10.0.0.0/8", "192.168.0.0/16", "fd00::/8"], "fd12::1", True),
        (["10.0.0.0/8", "192.168.0.0/16", "fd00::/8"], "172.16.0.1", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        ([], "10.0.0.1", False),
        (["0.0.0.0/0"], "", False),
        (["0.0.0.0/0"], "10.0.0", False),
        (["0.0.0.0/0"], "010.0.0.1", False),
        (["0.0.0.0/0"], "10.0.0.1:80", False),
        (["0.0.0.0/0"], "name", False),
    ],
)
def test_addresses_in_networks(networks: list[str], address: str, inside: bool) -> None:
    """IPv4 written inside IPv6 is IPv4; what is no address is in no network."""
    assert compile_networks(networks)(address) is inside


@pytest.mark.parametrize("network", ["", "10.0.0.0/33", "10.0.0/8", "::/129", "x", "10.0.0.0/-1"])
def test_what_is_no_network(network: str) -> None:
    """It is refused when compiled, with the network named."""
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 network"):
        compile_networks([network])


@given(st.ip_addresses(), st.ip_addresses(), st.integers(0, 128))
def test_the_standard_library_agrees(address: object, of: object, length: int) -> None:
    """Against ipaddress itself, for addresses that are what they look like."""
    one, base = ip_address(str(address)), ip_address(str(of))
    network = ip_network(f"{base}/{min(length, base.max_prefixlen)}", strict=False)
    if getattr(one, "ipv4_mapped", None) is None and getattr(base, "ipv4_mapped", None) is None:
        assert compile_networks([str(network)])(str(one)) is (one in network)
