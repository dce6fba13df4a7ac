"""Looking into bodies: codings, bounds, and what asks for a stream."""

import gzip
import zlib

import pytest

from gateway.core.model import Protocol
from gateway.core.reading import decoded, readable, wants_stream

TEXT = b'{"a": 1}' * 50
BARE = zlib.compressobj(wbits=-15)
RAW = BARE.compress(TEXT) + BARE.flush()


@pytest.mark.parametrize(
    ("body", "coding", "text"),
    [
        (TEXT, b"", TEXT),
        (TEXT, b"identity", TEXT),
        (gzip.compress(TEXT, mtime=0), b"gzip", TEXT),
        (gzip.compress(TEXT, mtime=0), b"x-gzip", TEXT),
        (zlib.compress(TEXT), b"deflate", TEXT),
        (RAW, b"deflate", TEXT),
        (TEXT, b"br", None),
        (TEXT, b"gzip", None),
        (TEXT, b"deflate", None),
        (gzip.compress(TEXT, mtime=0)[:-9], b"gzip", None),
    ],
)
def test_a_body_is_decoded(body: bytes, coding: bytes, text: bytes | None) -> None:
    """None where the coding is not known, not true, or broken off. Deflate comes with and without its wrapping."""
    assert decoded(body, coding, 1000) == text


def test_nothing_above_the_limit_is_decoded() -> None:
    """As it came, or as it would become."""
    assert decoded(TEXT, b"", len(TEXT)) == TEXT
    assert decoded(TEXT, b"", len(TEXT) - 1) is None
    assert decoded(gzip.compress(TEXT, mtime=0), b"gzip", len(TEXT)) == TEXT
    assert decoded(gzip.compress(TEXT, mtime=0), b"gzip", len(TEXT) - 1) is None


@pytest.mark.parametrize(
    ("protocol", "fields", "text"),
    [
        ("http", {}, b"12345"),
        ("http", {b"inference-header-content-length": b"3"}, b"12345"),
        ("oip", {}, b"12345"),
        ("oip", {b"inference-header-content-length": b"3"}, b"123"),
        ("oip", {b"content-encoding": b"br"}, None),
        ("http", {b"content-encoding": b" Identity "}, b"12345"),
    ],
)
def test_what_can_be_read(protocol: Protocol, fields: dict[bytes, bytes], text: bytes | None) -> None:
    """Of a binary Open Inference request, its JSON."""
    assert readable(b"12345", fields, protocol, 100) == text


@pytest.mark.parametrize(
    ("text", "streams"),
    [
        (b'{"stream": true}', True),
        (b'{"stream": false}', False),
        (b'{"stream": 1}', False),
        (b"{}", False),
        (b"[]", False),
        (b"{", False),
        (None, False),
    ],
)
def test_what_asks_for_a_stream(text: bytes | None, streams: bool) -> None:
    """Only `true` does."""
    assert wants_stream(text) is streams
