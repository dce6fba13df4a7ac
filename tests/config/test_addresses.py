"""Addresses as people write them."""

import pytest

from gateway.config import addresses
from gateway.config.units import DueError
from gateway.core.model import Endpoint


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("0.0.0.0:8080", "0.0.0.0", 8080),
        ("[::]:80", "::", 80),
        ("[2001:DB8:0::1]:443", "2001:db8::1", 443),
        ("localhost:65535", "localhost", 65535),
        ("Gateway.Internal:1", "gateway.internal", 1),
    ],
)
def test_where_to_listen(text: str, host: str, port: int) -> None:
    assert addresses.listen_address(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    ["", ":", "8080", ":8080", "x", "x:", "x:0", "x:65536", "x:-1", "x:\uff18", "::1:80", "[::1]", "[x]:80",
     "[1.2.3.4]:80",
     "1.2.3:80", "256.1.1.1:80", "a b:80", "-a:80", "a..b:80", "http://x:80", "[fe80::1%eth0]:80", "a" * 64 + ":80"],
)  # fmt: skip
def test_where_nobody_can_listen(text: str) -> None:
    with pytest.raises(DueError, match="an address and a port"):
        addresses.listen_address(text)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("http://10.0.0.1:8000", Endpoint("http://10.0.0.1:8000", "http", "10.0.0.1", 8000)),
        ("http://Models.internal", Endpoint("http://Models.internal", "http", "models.internal", 80)),
        ("https://x/", Endpoint("https://x/", "https", "x", 443)),
        ("https://[::1]:8443", Endpoint("https://[::1]:8443", "https", "::1", 8443)),
        ("http://[::1]", Endpoint("http://[::1]", "http", "::1", 80)),
        ("unix:/run/m.sock", Endpoint("unix:/run/m.sock", "unix", path="/run/m.sock")),
        ("unix:///run/m.sock", Endpoint("unix:///run/m.sock", "unix", path="/run/m.sock")),
    ],
)
def test_endpoints(text: str, endpoint: Endpoint) -> None:
    assert addresses.endpoint(text) == endpoint


@pytest.mark.parametrize(
    "text",
    ["", "x", "x:80", "//x", "ftp://x", "http:/x", "http://", "http://:80", "http://x:0", "http://x:y", "http://x/v1",
     "http://x?y", "http://x#y", "http://u@x", "http://u:p@x", "http://a b", "http://[::1", "unix:", "unix:x",
     "unix:/" + "a" * 107, "HTTP://x"],
)  # fmt: skip
def test_what_is_no_endpoint(text: str) -> None:
    with pytest.raises(ValueError, match=r"is due|may not stand|belongs in"):
        addresses.endpoint(text)


@pytest.mark.parametrize(
    ("text", "network"),
    [("10.0.0.0/8", "10.0.0.0/8"), ("10.1.2.3", "10.1.2.3/32"), ("fd00::/8", "fd00::/8"), ("::1", "::1/128")],
)
def test_networks(text: str, network: str) -> None:
    assert addresses.network(text) == network


@pytest.mark.parametrize("text", ["", "x", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0", "fd00::/129", "10.0.0.1/8"])
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(DueError, match="is due"):
        addresses.network(text)


@pytest.mark.parametrize(
    "text", ["", "x", "ftp://x", "https://", "https://x y", "https://u:p@x", "https://x:0", "http://[x"]
)
def test_what_is_no_url(text: str) -> None:
    with pytest.raises(ValueError, match=r"is due|may not stand"):
        addresses.web_url(text)


def test_urls_keep_path_and_query() -> None:
    assert addresses.web_url("https://hooks.example.com:8443/x?y=z") == "https://hooks.example.com:8443/x?y=z"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("x", False),
    ],
)
def test_what_only_this_machine_reaches(host: str, loopback: bool) -> None:
    assert addresses.is_loopback(host) is loopback
