"""Lengths of time, sizes and shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.units import DueError, duration, share, size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0.0),
        ("250ms", 0.25),
        ("100ms", 0.1),
        ("5s", 5.0),
        ("1.5s", 1.5),
        ("2m", 120.0),
        ("1h", 3600.0),
        ("30d", 2592000.0),
    ],
)
def test_lengths(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "count"), [("0B", 0), ("512B", 512), ("64KiB", 65536), ("1MiB", 1048576), ("1024GiB", 1099511627776)]
)
def test_sizes(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize(
    ("text", "fraction"), [("0%", 0.0), ("10%", 0.1), ("0.1%", 0.001), ("100%", 1.0), ("5%", 0.05)]
)
def test_shares(text: str, fraction: float) -> None:
    assert share(text) == fraction


BAD_LENGTHS = [
    "",
    "5",
    "s",
    "-5s",
    "+5s",
    " 5s",
    "5s ",
    "5 s",
    "5S",
    "5sec",
    "1h30m",
    "1e3s",
    ".5s",
    "\u0665s",
    "3651d",
    "5s\n",
]
BAD_SIZES = ["", "5", "KiB", "-1B", "1.5MiB", "1MB", "1kb", "1 KiB", "1TiB", "1025GiB", "1KiB\n"]
BAD_SHARES = ["", "%", "10", "0.1", "-1%", "100.1%", "101%", "1e1%", "10 %", "10%%", "10%\n"]


@pytest.mark.parametrize("text", BAD_LENGTHS)
def test_what_is_no_length(text: str) -> None:
    with pytest.raises(DueError, match=r"a length .*is due"):
        duration(text)


@pytest.mark.parametrize("text", BAD_SIZES)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(DueError, match=r"a size .*is due"):
        size(text)


@pytest.mark.parametrize("text", BAD_SHARES)
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(DueError, match=r"a share .*is due"):
        share(text)


@given(st.integers(0, 10**6))
def test_milliseconds_and_seconds_agree(count: int) -> None:
    assert duration(f"{count * 1000}ms") == duration(f"{count}s") == count
