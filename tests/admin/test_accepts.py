"""What a caller can read."""

import pytest

from gateway.admin.accepts import accepts


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=1.0, *;q=0", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0.001", True),
        ("*", False),
        ("x-gzip", False),
        ("identity", False),
        (",;,=;gzip", False),
    ],
)
def test_only_what_is_named_and_not_ruled_out(field: str, expected: bool) -> None:
    assert accepts(field, "gzip") is expected
