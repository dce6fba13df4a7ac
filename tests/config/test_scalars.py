"""YAML 1.2 scalars: what a plain word means."""

import math

import pytest

from gateway.config.scalars import resolve

TABLE = [
    ("true", True),
    ("false", False),
    ("null", None),
    ("Null", None),
    ("NULL", None),
    ("~", None),
    ("", None),
    ("0", 0),
    ("-0", 0),
    ("+12", 12),
    ("-7", -7),
    ("010", 10),
    ("0o17", 15),
    ("0x1F", 31),
    ("3.10", 3.1),
    ("-1.5e3", -1500.0),
    (".5", 0.5),
    ("5.", 5.0),
    ("1e3", 1000.0),
    (".inf", math.inf),
    ("-.Inf", -math.inf),
    ("12345678901234567890", 12345678901234567890),
]
TEXT = [
    "True", "FALSE", "on", "off", "yes", "no", "y", "n", "On", "nil", "none", "nULL", "0b101", "017_000", "1_000",
    "190:20:30", "12:30", "2026-11-21", "2026-11-21T01:00:00Z", "1.2.3", "v1", "0x", "0o8", "1e", ".", "-", "+", "..5",
    "=", "<<", "inf", "nan", "1 ", "٣", "250ms", "50%", "9" * 101,
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), TABLE)
def test_numbers_booleans_and_null(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_not_a_number_is_one_of_the_numbers() -> None:
    value = resolve(".nan")
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize("text", TEXT)
def test_everything_else_is_the_text_that_was_written(text: str) -> None:
    assert resolve(text) == text
