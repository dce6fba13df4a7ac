"""Columns, times and lengths as a person reads them."""

from datetime import UTC, datetime

import pytest

from gateway.cli import sheet

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (0.4, "0 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (7260, "2 h 1 min"),
        (90_000, "1 d 1 h"),
        (86_400 * 400, "400 d"),
    ],
)
def test_a_length_has_its_two_largest_units(seconds: float, expected: str) -> None:
    assert sheet.length(seconds) == expected


@pytest.mark.parametrize(
    ("text", "ago", "ahead"),
    [
        ("2026-01-31T11:00:00Z", "1 h ago", "in 0 s"),
        ("2026-01-31T14:30:00+02:00", "0 s ago", "in 30 min"),
        ("2026-01-31T12:00:00.250000Z", "0 s ago", "in 0 s"),
    ],
)
def test_times_are_told_from_now(text: str, ago: str, ahead: str) -> None:
    assert (sheet.ago(text, NOW), sheet.ahead(text, NOW)) == (ago, ahead)


def test_a_time_is_told_in_utc() -> None:
    assert sheet.clock("2026-01-31T14:30:00.9+02:00") == "2026-01-31 12:30:00Z"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.0004, "0.4 ms"), (0.0123456, "12.3 ms"), (0.999, "999 ms"), (1.26, "1.3 s"), (42.4, "42 s")],
)
def test_latencies(seconds: float, expected: str) -> None:
    assert sheet.quick(seconds) == expected


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [(0.0, "0.0 %"), (0.0001, "< 0.1 %"), (0.0005, "0.1 %"), (0.25, "25.0 %"), (1.0, "100.0 %")],
)
def test_a_rate_is_0_only_where_there_is_nothing(fraction: float, expected: str) -> None:
    assert sheet.share(fraction) == expected


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    lines = sheet.columns([("A", "B", "C"), ("long one", "", "x"), ("é日本", "b", "")], indent="  ")
    assert lines == ["  A         B  C", "  long one     x", "  é日本     b"]


def test_no_rows_are_no_lines() -> None:
    assert sheet.columns([]) == []
