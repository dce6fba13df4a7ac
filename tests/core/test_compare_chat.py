"""Answers of openai models, whole: pairs with the differences that are expected of them."""

from typing import Any

import pytest

from tests.core.replies import call, chat, choice, found

NONE: dict[str, Any] = {}


def calls(*each: Any, **message: Any) -> dict[str, Any]:
    return chat(choice(None, finish="tool_calls", tool_calls=list(each), **message))


def responses(*output: Any, **more: Any) -> dict[str, Any]:
    return {"id": "resp_1", "object": "response", "created_at": 1, "output": output, **more}


TEXT = {"at": {"$.choices[*].message.content": {"as": "text"}}}
ARGUMENTS = "$.choices[0].message.tool_calls[0].function.arguments"

PAIRS: list[tuple[dict[str, Any], Any, Any, list[str]]] = [
    # ---- what differs by nature
    (NONE, chat(choice()), chat(choice(), id="x", created=2, model="n", system_fingerprint="f", usage={"a": 1}), []),
    (NONE, chat(choice()), chat(choice(), service_tier="x"), ["extra $.service_tier"]),
    ({"ignore": ("$.service_tier",)}, chat(choice()), chat(choice(), service_tier="x"), []),
    # ---- messages
    (NONE, chat(choice("hi")), chat(choice("ho")), ["value $.choices[0].message.content"]),
    (TEXT, chat(choice("Hi  there")), chat(choice("hi there\n")), []),
    (NONE, chat(choice()), chat(choice(finish="length")), ["value $.choices[0].finish_reason"]),
    (NONE, chat(choice(role="assistant")), chat(choice(role="tool")), ["value $.choices[0].message.role"]),
    (NONE, chat(choice()), chat(choice(refusal="no")), ["extra $.choices[0].message.refusal"]),
    (NONE, chat(choice()), chat(choice(refusal=None, tool_calls=[], annotations=[], audio=None, x="")), []),
    (NONE, chat(choice()), chat(choice() | {"logprobs": None, "stop_reason": None}), []),
    (NONE, chat(choice(None)), chat(choice("")), []),
    (NONE, chat(choice("a")), chat(choice(None)), ["missing $.choices[0].message.content"]),
    (NONE, chat(choice([{"type": "text", "text": "a"}])), chat(choice("a")), ["type $.choices[0].message.content"]),
    (NONE, chat(choice(reasoning_content="a")), chat(choice(reasoning_content="b")),
     ["value $.choices[0].message.reasoning_content"]),
    (NONE, chat(choice() | {"logprobs": {"content": [{"token": "hi", "logprob": -1.0}]}}),
     chat(choice() | {"logprobs": {"content": [{"token": "hi", "logprob": -1.1}]}}),
     ["value $.choices[0].logprobs.content[0].logprob"]),
    ({"abs": 0.2}, chat(choice() | {"logprobs": {"content": [{"logprob": -1.0}]}}),
     chat(choice() | {"logprobs": {"content": [{"logprob": -1.1}]}}), []),
    # ---- choices
    (NONE, chat(choice("a"), choice("b", 1)), chat(choice("b", 1), choice("a")), []),
    (NONE, chat(choice("a"), choice("b", 1)), chat(choice("c", 1), choice("a")),
     ["value $.choices[1].message.content"]),
    (NONE, chat(choice("a"), choice("b", 1)), chat(choice("b", 1)), ["missing $.choices[0]"]),
    (NONE, chat(choice("a")), chat(choice("a"), choice("b", 1)), ["extra $.choices[1]"]),
    (NONE, chat(choice("a"), choice("b")), chat(choice("b"), choice("a")), ["order $.choices"]),
    (NONE, chat(choice("a", "0")), chat(choice("b", "0")), ["value $.choices[0].message.content"]),
    (NONE, chat(choice("a", True)), chat(choice("b", True)), ["value $.choices[0].message.content"]),
    (NONE, chat(1), chat(2), ["value $.choices[0]"]),
    (NONE, chat({"index": 0, "text": "a"}), chat({"index": 0, "text": "b"}), ["value $.choices[0].text"]),
    (NONE, chat({"index": 0, "message": "a"}), chat({"index": 0, "message": "b"}), ["value $.choices[0].message"]),
    # ---- tool calls
    (NONE, calls(call('{"city": "Rome", "days": 2}')), calls(call('{"days":2.0,"city":"Rome"}', number="call_9")), []),
    (NONE, calls(call('{"city": "Rome"}')), calls(call('{"city": "Oslo"}')), [f"value {ARGUMENTS}.city"]),
    (NONE, calls(call('{"id": 1}')), calls(call('{"id": 2}')), [f"value {ARGUMENTS}.id"]),
    (NONE, calls(call("{}")), calls(call('{"city": "Oslo"}')), [f"extra {ARGUMENTS}.city"]),
    (NONE, calls(call("{}")), calls(call("{")), [f"type {ARGUMENTS}"]),
    (NONE, calls(call("{")), calls(call("[")), [f"value {ARGUMENTS}"]),
    (NONE, calls(call("")), calls(call("{}")), [f"type {ARGUMENTS}"]),
    (NONE, calls(call({"a": 1})), calls(call('{"a": 1}')), []),
    (NONE, calls(call('{"x": 1.0}')), calls(call('{"x": 1.05}')), [f"value {ARGUMENTS}.x"]),
    ({"abs": 0.1}, calls(call('{"x": 1.0}')), calls(call('{"x": 1.05}')), []),
    (NONE, calls(call('{"n": 9007199254740993}')), calls(call('{"n": 9007199254740992}')), [f"value {ARGUMENTS}.n"]),
    (NONE, calls(call('{"n": 99999999999999999999}')), calls(call('{"n": 99999999999999999998}')),
     [f"value {ARGUMENTS}.n"]),
    (NONE, calls(call('"\ud800"')), calls(call('"\ud801"')), [f"value {ARGUMENTS}"]),
    (NONE, calls(call("{}", "weather")), calls(call("{}", "time")),
     ["value $.choices[0].message.tool_calls[0].function.name"]),
    (NONE, calls(call("{}")), calls(), ["missing $.choices[0].message.tool_calls"]),
    (NONE, calls(call("{}"), call("{}", "time")), calls(call("{}", "time"), call("{}")),
     ["order $.choices[0].message.tool_calls"]),
    (NONE, calls(1), calls(2), ["value $.choices[0].message.tool_calls[0]"]),
    (NONE, calls({"custom": 1}), calls({"custom": 2}), ["value $.choices[0].message.tool_calls[0].custom"]),
    (NONE, calls({"function": "a"}), calls({"function": "b"}), ["value $.choices[0].message.tool_calls[0].function"]),
    (NONE, chat(choice(tool_calls="a")), chat(choice(tool_calls="b")), ["value $.choices[0].message.tool_calls"]),
    (NONE, chat(choice(function_call={"name": "f", "arguments": '{"a":1}'})),
     chat(choice(function_call={"name": "f", "arguments": '{"a": 2}'})),
     ["value $.choices[0].message.function_call.arguments.a"]),
    # ---- other answers
    (NONE, {"error": {"message": "a"}}, {"error": {"message": "b"}}, ["value $.error.message"]),
    (NONE, {"object": "list", "data": [{"index": 0, "embedding": [1, 0]}]},
     {"object": "list", "data": [{"index": 0, "embedding": [0, 1]}]}, ["order $.data[0].embedding"]),
    ({"at": {"$.data[*].embedding": {"as": "cosine", "min": 0.9}}}, {"data": [{"embedding": [1, 0]}]},
     {"data": [{"embedding": [1, 0.1]}]}, []),
    (NONE, {"choices": 1}, {"choices": 2}, ["value $.choices"]),
    (NONE, [1], [2], ["value $[0]"]),
    (NONE, b"overloaded", b"busy", ["value body"]),
    # ---- the Responses API
    (NONE, responses({"id": "msg_1", "type": "message", "content": "a"}),
     responses({"id": "msg_2", "type": "message", "content": "a"}, id="resp_2", created_at=9, completed_at=8), []),
    (NONE, responses({"type": "function_call", "call_id": "1", "arguments": '{"a":1}'}),
     responses({"type": "function_call", "call_id": "2", "arguments": '{"a": 2}'}), ["value $.output[0].arguments.a"]),
    (NONE, responses(1), responses(2), ["value $.output[0]"]),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "live", "shadow", "expected"), PAIRS)
def test_a_pair_of_answers(settings: dict[str, Any], live: Any, shadow: Any, expected: list[str]) -> None:
    assert found(live, shadow, "openai", **settings) == expected
    assert found(live, live, "openai", **settings) == found(shadow, shadow, "openai", **settings) == []


def test_arguments_that_nest_too_deep_are_too_much() -> None:
    """What is written within a text counts as well, escaped or not."""
    nested = "[" * 200 + "]" * 200
    assert found(calls(call(nested)), calls(call("{}")), "openai") == ["ignored too_deep"]
    assert found(calls(call("{}")), calls(call(nested)), "openai") == ["ignored too_deep"]


def test_other_protocols_take_nothing_for_a_message() -> None:
    assert found(chat(choice(None)), chat(choice("")), "http") == ["type $.choices[0].message.content"]
    assert found({"id": 1}, {"id": 2}, "http") == ["value $.id"]
