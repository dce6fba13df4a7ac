"""JSON as servers write it, and content types."""

from math import inf, isnan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.compare_limits import IncomparableError
from gateway.core.compare_reading import NOT_JSON, Media, first_fields, media, parsed
from gateway.core.copies import Observation


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": [1, 1.5, null, true]}', {"a": [1, 1.5, None, True]}),
        (b" 7 ", 7),
        (b"18446744073709551615", 2**64 - 1),
        (b"18446744073709551616", 2**64),
        (b"[-9223372036854775809]", [-(2**63) - 1]),
        (b'{"a":-9223372036854775809}', {"a": -(2**63) - 1}),
        (b"[1,\n36893488147419103233]", [1, 2**65 + 1]),
        (b"1700000000000000001", 1700000000000000001),
        (b"36893488147419103233.0", 2.0**65),
        (b"0.36893488147419103233", 0.36893488147419103),
        (b'"36893488147419103233"', "36893488147419103233"),
        (b"[Infinity, -Infinity, 1e999]", [inf, -inf, inf]),
        (b'"\\ud800"', "\ud800"),
        (b'\xef\xbb\xbf"a"', "a"),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": NaN, "a": 2}', {"a": 2}),
    ],
)
def test_values(text: bytes, value: Any) -> None:
    read = parsed(text)
    assert read == value
    assert type(read) is type(value)


def test_nan_is_read() -> None:
    assert isnan(parsed(b"NaN"))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"{",
        b"[1,]",
        b"{'a': 1}",
        b"nan",
        b"01",
        b'"\n"',
        b'"\xff"',
        b"\xff\xfe1\x00",
        b"<html>",
        b"1 2",
        b"\x00",
    ],
)
def test_what_is_no_json(text: bytes) -> None:
    assert parsed(text) is NOT_JSON


@pytest.mark.parametrize(
    ("text", "why"),
    [(b"9" * 5000, "long_number"), (b"[" + b"9" * 5000, "long_number"), (b"[" * 100_000, "too_deep")],
)
def test_what_cannot_be_read_in_reasonable_time(text: bytes, why: str) -> None:
    with pytest.raises(IncomparableError, match=why):
        parsed(text)


@given(st.integers(-(2**70), 2**70), st.sampled_from(["{}", "[{}]", '{{"a":{}}}', "[0, {}]", "[0.5,{}\n]", "[{}, 1]"]))
def test_integers_are_exact_wherever_they_stand(number: int, form: str) -> None:
    assert str(number) in str(parsed(form.format(number).encode()))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"application/json", Media("application/json", "")),
        (b"Application/JSON ; Charset=UTF-8", Media("application/json", "utf-8")),
        (b'text/plain; a=b; charset="latin-1"', Media("text/plain", "latin-1")),
        (b"text/plain;charset", Media("text/plain", "")),
        (b"\xff;", Media("ÿ", "")),
        (b"", Media("", "")),
    ],
)
def test_content_types(value: bytes, expected: Media) -> None:
    assert media(value) == expected


def test_no_content_type() -> None:
    assert media(b"") == Media("", "")


def test_the_first_of_repeated_fields_counts_whatever_its_case() -> None:
    assert first_fields(Observation(200, ((b"A", b"1"), (b"a", b"2"), (b"b", b"3")), b"", 0)) == {
        b"a": b"1",
        b"b": b"3",
    }
