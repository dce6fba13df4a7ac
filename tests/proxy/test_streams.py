"""Event streams of chat completions: whole events only, and none before the answer begins."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.proxy.streams import EventStream

ROLE = b'data: {"choices": [{"delta": {"role": "assistant"}}]}\n\n'
WORD = b'data: {"choices": [{"delta": {"content": "Hello"}}]}\n\n'
ERROR = b'data: {"error": {"message": "out of memory"}}\n\n'
DONE = b"data: [DONE]\n\n"


def test_nothing_goes_out_before_the_first_content() -> None:
    stream = EventStream()
    assert stream.feed(b": wait\n\n" + ROLE) == b""
    assert not stream.has_begun
    assert stream.feed(WORD) == b": wait\n\n" + ROLE + WORD
    assert stream.has_begun
    assert stream.feed(DONE) == DONE
    assert stream.rest() == b""


@pytest.mark.parametrize("before", [b"", ROLE, b": wait\n\n"])
def test_a_stream_that_begins_with_an_error_has_failed(before: bytes) -> None:
    stream = EventStream()
    assert stream.feed(before + ERROR) == b""
    assert (stream.has_failed, stream.has_begun) == (True, False)


def test_an_error_after_the_beginning_is_passed_on() -> None:
    stream = EventStream()
    assert stream.feed(WORD) == WORD
    assert stream.feed(ERROR) == ERROR
    assert not stream.has_failed


def test_half_an_event_waits_for_its_other_half() -> None:
    stream = EventStream()
    stream.feed(WORD)
    assert stream.feed(WORD[:20]) == b""
    assert stream.feed(WORD[20:] + DONE[:3]) == WORD
    assert stream.rest() == DONE[:3]


def test_what_is_too_long_to_be_held_is_content() -> None:
    stream = EventStream()
    long = b"data: " + b"x" * (70 << 10)
    assert stream.feed(long) == long
    assert stream.has_begun
    assert stream.feed(b"y" * (70 << 10)) == b"y" * (70 << 10)


def test_a_stream_that_ends_before_it_begins_is_given_as_it_is() -> None:
    stream = EventStream()
    assert stream.feed(ROLE + b": x") == b""
    assert stream.rest() == ROLE + b": x"


def test_the_event_that_tells_of_a_break_is_one_that_clients_read() -> None:
    event = EventStream().error("fraud-3 broke off")
    assert event.endswith(b"\n\n")
    assert orjson.loads(event.removeprefix(b"data: "))["error"]["message"] == "fraud-3 broke off"


@given(st.lists(st.sampled_from([ROLE, WORD, DONE, b": c\n\n", b"data: a\r\n\r\n"])), st.data())
def test_however_it_is_cut_the_same_bytes_come_out_in_order(events: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(events)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    stream = EventStream()
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert b"".join(map(stream.feed, pieces)) + stream.rest() == whole
