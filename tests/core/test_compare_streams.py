"""Event streams of openai answers: what they make, put together."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.compare import judge
from gateway.core.compare_limits import IncomparableError
from gateway.core.compare_reading import NOT_JSON
from gateway.core.compare_streams import assembled
from tests.core.replies import call, chat, choice, made, reply, said


def chunk(*choices: Any, **more: Any) -> dict[str, Any]:
    return {"id": "1", "object": "chat.completion.chunk", "model": "m", "choices": choices} | more


def delta(index: int = 0, finish: str | None = None, **said: Any) -> dict[str, Any]:
    return {"index": index, "delta": said, "finish_reason": finish}


def stream(*events: Any, end: bytes = b"\n\n") -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + end for event in events) + b"data: [DONE]" + end


def found(live: bytes, shadow: Any, **settings: Any) -> list[str]:
    sides = (reply(each, content_type="text/event-stream") for each in (live, shadow))
    return said(judge(made(settings, "openai"), *sides))


HELLO = stream(
    chunk(delta(role="assistant", content="")),
    chunk(delta(content="Hel")),
    chunk(delta(content="lo")),
    chunk(delta(finish="stop")),
    chunk(usage={"total_tokens": 3}),
)


def test_a_stream_makes_one_answer() -> None:
    assert assembled(HELLO) == {
        "id": "1",
        "object": "chat.completion",
        "model": "m",
        "usage": {"total_tokens": 3},
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    }


@pytest.mark.parametrize(
    ("shadow", "expected"),
    [
        (HELLO, []),
        (stream(chunk(delta(role="assistant", content="Hello", x=None), id="9"), chunk(delta(finish="stop"))), []),
        (stream(chunk(delta(role="assistant", content="Hello", finish="stop"))), []),
        (HELLO.replace(b"\n\n", b"\r\n\r\n"), []),
        (HELLO.replace(b"\n", b"\r"), []),
        (b"\xef\xbb\xbf: a comment\nid: 7\nretry: 1\n\n" + HELLO, []),
        (HELLO.removesuffix(b"\n"), []),
        (HELLO.removesuffix(b"data: [DONE]\n\n"), []),
        (HELLO.replace(b'{"id"', b'{\ndata: "id"'), []),
        (HELLO.replace(b"lo", b"p"), ["value $.choices[0].message.content"]),
        (stream(chunk(delta(role="assistant", content="Hello"))), ["missing $.choices[0].finish_reason"]),
        (HELLO + stream({"error": {"message": "broken"}}), ["extra $.error"]),
        (b"data: nothing\n\n", ["type body"]),
        (b"data: 7\n\n", ["type body"]),
        (b"", ["missing body"]),
    ],
)  # fmt: skip
def test_streams_are_compared_by_what_they_make(shadow: bytes, expected: list[str]) -> None:
    assert found(HELLO, shadow) == expected
    assert found(shadow, shadow) == []


def test_a_stream_and_a_whole_answer_differ_by_their_type_alone() -> None:
    whole = reply(chat(choice("Hello")), content_type="application/json")
    streamed = reply(HELLO, content_type="text/event-stream; charset=utf-8")
    assert said(judge(made({}, "openai"), streamed, whole)) == ["value content-type"]


def test_tool_calls_are_put_together_by_their_index() -> None:
    pieces = stream(
        chunk(delta(role="assistant", tool_calls=[{"index": 1, **call('{"b"', "time", "call_2")}])),
        chunk(delta(tool_calls=[{"index": 0, **call("", "weather")}])),
        chunk(delta(tool_calls=[{"index": 0, "function": {"arguments": '{"city"'}}])),
        chunk(delta(tool_calls=[{"index": 1, "function": {"arguments": ": 1}"}}])),
        chunk(delta(tool_calls=[{"index": 0, "function": {"arguments": ': "Rome"}'}}])),
        chunk(delta(finish="tool_calls")),
    )  # fmt: skip
    [made] = assembled(pieces)["choices"]
    assert made["message"]["tool_calls"] == [call('{"city": "Rome"}'), call('{"b": 1}', "time", "call_2")]
    other = pieces.replace(b"Rome", b"Oslo")
    assert found(pieces, other) == ["value $.choices[0].message.tool_calls[0].function.arguments.city"]


def test_calls_without_an_index_are_told_one_by_one() -> None:
    one, other = call("{}"), call("{}", "time")
    [made] = assembled(stream(chunk(delta(tool_calls=[one])), chunk(delta(tool_calls=[other]))))["choices"]
    assert made["message"]["tool_calls"] == [one, other]


def test_choices_are_put_together_by_their_index() -> None:
    answer = assembled(stream(chunk(delta(1, content="b")), chunk(delta(content="a"), delta(1, content="c"))))
    assert [(each["index"], each["message"]["content"]) for each in answer["choices"]] == [(0, "a"), (1, "bc")]


def test_texts_and_probabilities_of_a_completion_are_joined() -> None:
    kind = {"object": "text_completion"}
    answer = assembled(
        stream(
            chunk({"index": 0, "text": "a", "logprobs": {"tokens": ["a"]}, "finish_reason": None}, **kind),
            chunk({"text": "b", "logprobs": {"tokens": ["b"]}, "finish_reason": "length"}, **kind),
            chunk({"index": 0, "text": "", "logprobs": None}, **kind),
        )
    )
    assert answer["object"] == "text_completion"
    assert answer["choices"] == [
        {"index": 0, "text": "ab", "logprobs": {"tokens": ["a", "b"]}, "finish_reason": "length"}
    ]


def test_an_answer_of_the_responses_api_is_in_its_last_event() -> None:
    begun, done = ({"type": f"response.{word}", "response": {"status": word}} for word in ("created", "completed"))
    assert assembled(stream(begun, {"type": "response.output_text.delta", "delta": "a"}, done)) == {
        "status": "completed"
    }


def test_an_answer_may_not_say_what_it_is() -> None:
    assert assembled(stream({"choices": [delta(content="a")]})) == {
        "choices": [{"index": 0, "message": {"content": "a"}}]
    }


def test_a_stream_of_anything_else_is_the_list_of_its_events() -> None:
    assert assembled(stream({"error": 1}, {"a": 2})) == [{"error": 1}, {"a": 2}]


@pytest.mark.parametrize("body", [b"", b"data: [DONE]\n\n", b": nothing\n\n", b"data: [1]\n\n", b"data: {\n\n"])
def test_what_is_no_stream_of_answers_is_none(body: bytes) -> None:
    assert assembled(body) is NOT_JSON


@pytest.mark.parametrize(
    "choices",
    [
        [7],
        [{"index": "a", "delta": {"content": "x"}}],
        [{"index": 0, "delta": 3}],
        [{"index": 0, "message": "x"}, {"index": 0, "delta": {"content": "a"}}],
        [delta(content="a"), delta(content=["b"]), delta(content={"c": 1}), delta(content="d"), delta(content=3)],
        [delta(x=[{"index": 1, "a": "b"}]), delta(x={"a": 1}), delta(x=[1]), delta(x=[{"index": 2}])],
        [delta(x=[{"index": 1, "a": [1]}]), delta(x=[{"index": 1, "a": "b"}]), delta(x=[{"index": 1, "a": {"b": 1}}])],
        [{"index": -1, "text": ["a"]}, {"index": -1, "text": "b"}],
        None,
    ],
)
def test_strange_events_make_something(choices: Any) -> None:
    """A broken model ends no comparison: its stream still equals itself, and differs from a whole one."""
    body = stream(chunk(*choices) if choices is not None else {"choices": None}, chunk(delta(content="z")))
    assert isinstance(assembled(body)["choices"], list)
    assert found(body, body) == []
    assert found(body, HELLO)


words = st.lists(st.text(max_size=5), max_size=8)


@given(words, words)
def test_the_cuts_make_no_difference(pieces: list[str], others: list[str]) -> None:
    """Two streams are equal where their texts are."""

    def told(texts: Iterable[str]) -> bytes:
        return stream(*(chunk(delta(role="assistant", content=text)) for text in (*texts, "")))

    is_same = found(told(pieces), told(others)) == []
    assert is_same is ("".join(pieces) == "".join(others))


def test_many_events_cost_no_more_than_their_number() -> None:
    body = stream(*(chunk(delta(content="x" * 10)) for _ in range(20_000)))
    assert len(assembled(body)["choices"][0]["message"]["content"]) == 200_000


def test_an_event_that_nests_too_deep_is_too_much() -> None:
    nested: Any = {}
    for _ in range(150):
        nested = {"a": nested}
    with pytest.raises(IncomparableError, match="too_deep"):
        assembled(stream(chunk(delta(content=nested))))
