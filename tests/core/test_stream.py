"""Where the answer begins in a stream of chat completions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.stream import Beginning, is_content

SILENT = [
    b"",
    b": comment",
    b"id: 7\nretry: 10",
    b'data: {"choices": [{"delta": {}}]}',
    b'data: {"choices": [{"delta": {"role": "assistant"}, "finish_reason": null}]}',
    b'data: {"choices": [{"delta": {"role": "assistant", "content": ""}}]}',
]
TELLING = [
    b'data: {"choices": [{"delta": {"content": "a"}}]}',
    b'data: {"choices": [{"delta": {"tool_calls": [{"index": 0}]}}]}',
    b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}',
    b'data: {"choices": [{"text": "a"}]}',
    b'data: {"choices": [7]}',
    b'data: {"choices": []}',
    b'data: {"error": {"message": "no"}}',
    b"data: [DONE]",
    b"data: no JSON",
    b"data: [1]",
    b"event: ping",
]


@pytest.mark.parametrize("event", SILENT)
def test_silent(event: bytes) -> None:
    assert not is_content(event)
    assert not Beginning().is_in(event + b"\n\n")


@pytest.mark.parametrize("event", TELLING)
@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
def test_telling(event: bytes, end: bytes) -> None:
    assert is_content(event)
    assert Beginning().is_in(event + end)


def test_an_event_counts_when_it_is_complete() -> None:
    beginning = Beginning()
    assert not beginning.is_in(TELLING[0] + b"\n")
    assert beginning.is_in(b"\n")


def test_an_endless_event_is_content() -> None:
    assert Beginning().is_in(b"data: " + bytes(70_000))


@given(st.integers(0, 200))
def test_pieces_do_not_matter(cut: int) -> None:
    stream = b"\r\n\r\n".join([*SILENT, TELLING[0], b""])
    cut = min(cut, len(stream))
    beginning = Beginning()
    first = beginning.is_in(stream[:cut])
    assert first or beginning.is_in(stream[cut:]) or cut == len(stream)
