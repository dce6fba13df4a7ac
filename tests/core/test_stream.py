"""Where the answer begins in a stream of chat completions."""

import pytest

from gateway.core.stream import is_content, is_error

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


@pytest.mark.parametrize("event", TELLING)
def test_telling(event: bytes) -> None:
    assert is_content(event)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (b'data: {"error": {"message": "out of memory"}}', True),
        (b'event: error\ndata: {"error": "no"}', True),
        (b'data: {"error": null, "choices": []}', False),
        (b'data: {"error": {"message": "x"}, "choices": [{"delta": {}}]}', False),
        (b'data: {"choices": [{"delta": {"content": "error"}}]}', False),
        (b"data: [DONE]", False),
        (b"data: no JSON", False),
        (b": a comment", False),
    ],
)
def test_errors(event: bytes, expected: bool) -> None:
    assert is_error(event) is expected
