"""The little that the data model works out."""

import pytest

from gateway.core.model import Endpoint


@pytest.mark.parametrize(
    ("endpoint", "authority"),
    [
        (Endpoint("http://a:8000", "http", "a", 8000), "a:8000"),
        (Endpoint("http://a", "http", "a", 80), "a"),
        (Endpoint("https://a", "https", "a", 443), "a"),
        (Endpoint("https://a:80", "https", "a", 80), "a:80"),
        (Endpoint("http://[::1]:8000", "http", "::1", 8000), "[::1]:8000"),
        (Endpoint("http://[::1]", "http", "::1", 80), "[::1]"),
        (Endpoint("unix:/run/m.sock", "unix", path="/run/m.sock"), "localhost"),
    ],
)
def test_the_authority_of_an_endpoint(endpoint: Endpoint, authority: str) -> None:
    """What Host carries: the default port left out, IPv6 in brackets, localhost for sockets."""
    assert endpoint.authority == authority
