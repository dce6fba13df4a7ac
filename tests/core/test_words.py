"""Values in words."""

import pytest

from gateway.core import words
from gateway.core.model import All, AnyOf, Condition, Endpoint, FixedResponse, Health, KeySource, Not, Share, Source
from tests.core.build import compare


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("first_byte", 30.0, "30 s"),
        ("connect", 0.25, "250 ms"),
        ("drain_delay", 0.0, "0 s"),
        ("idle", 90.5, "90.5 s"),
        ("deadline", 7_200.0, "2 h"),
        ("deadline", 5_400.0, "5400 s"),
        ("total", 2_592_000.0, "30 d"),
        ("body", 64 << 20, "64 MiB"),
        ("max_body", 1536, "1536 B"),
        ("header", 2048, "2 KiB"),
        ("replay_body", 0, "0 B"),
        ("sample", 0.125, "12.5 %"),
        ("concurrency", 1024, "1024"),
        ("relative", 1e-09, "1e-09"),
        ("verify", False, "false"),
        ("slow_after", None, "auto"),
        ("ca", None, "none"),
        ("version", "2.1", "2.1"),
        ("version", "", '""'),
        ("version", " x", '" x"'),
        ("version", "a\nb", "a\\nb"),
        ("body", "text", "text"),
        ("when", ("connect", 503), "[connect, 503]"),
        ("targeting_key", (KeySource(Source("client", "ip")),), "[client ip]"),
        ("targeting_key", KeySource(Source("cookie", "uid"), 86_400.0), "cookie uid (issued for 1 d)"),
        ("endpoints", Endpoint("http://user:pw@h:1", "http", "h", 1), "http://***@h:1"),
        ("health", Health("/ready"), "path /ready"),
        ("response", FixedResponse(503), "status 503"),
        ("a", {"b": [1, None, "é"]}, '{"b": [1, null, "é"]}'),
        ("a", {"url": "https://user:pw@h/x"}, '{"url": "https://***@h/x"}'),
        ("segment", Share(0.1), "share 10 %"),
    ],
)
def test_values(field: str, value: object, text: str) -> None:
    """With their units, on one line, and without credentials."""
    assert words.value(field, value) == text


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (compare("header", "x-tier", "in", ("gold", "1")), 'header x-tier in ["gold", "1"]'),
        (compare("json", "$.a", "eq", 1), "json $.a eq 1"),
        (compare("method", "", "eq", "GET"), 'method eq "GET"'),
        (Not(Share(0.25)), "not (share 25 %)"),
        (All((Share(0.5), Not(Share(0.25)))), "all (share 50 %; not (share 25 %))"),
        (AnyOf((Share(0.5),)), "any (share 50 %)"),
        (compare("header", "Authorization", "eq", "secret"), "header Authorization eq (not shown)"),
        (compare("header", "authorization", "exists", True), "header authorization exists true"),
        (compare("query", "authorization", "eq", "shown"), 'query authorization eq "shown"'),
    ],
)
def test_conditions(condition: Condition, text: str) -> None:
    """As they are written, on one line."""
    assert words.condition(condition) == text


@pytest.mark.parametrize(("host", "text"), [("0.0.0.0", "0.0.0.0:80"), ("::1", "[::1]:80")])
def test_addresses(host: str, text: str) -> None:
    """With brackets where they are needed."""
    assert words.address(host, 80) == text
