"""Which names the admin side answers to without tokens."""

import pytest

from gateway.admin.hosts import is_loopback


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:9090",
        "localhost.",
        "gateway.localhost:9090",
        "127.0.0.1",
        "127.0.0.1:9090",
        "127.9.9.9",
        "[::1]",
        "[::1]:9090",
    ],
)
def test_loopback_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        ":9090",
        "evil.example",
        "localhost.evil.example",
        "evil-localhost",
        "127.0.0.1.evil.example",
        "10.0.0.1:9090",
        "[::2]:9090",
        "0.0.0.0",
        "2130706433",
        "127.1",
    ],
)
def test_all_other_names(host: str) -> None:
    assert not is_loopback(host)
