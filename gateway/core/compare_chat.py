"""Answers of openai models in one form, whole or streamed: a message's parts that are null or empty are left out, and
the arguments of tool calls are the JSON that their text holds.
"""

from typing import Any

from gateway.core.compare_reading import NOT_JSON, parsed

_EMPTY: tuple[object, ...] = (None, "", [])


def message(value: Any) -> Any:
    """An answer in that form; what is none is left as it is."""
    if not isinstance(value, dict):
        return value
    tidied = dict(value)
    if isinstance(value.get("choices"), list):
        tidied["choices"] = [_choice(each) for each in value["choices"]]
    if isinstance(value.get("output"), list):
        tidied["output"] = [_called(each) for each in value["output"]]
    return tidied


def _choice(choice: Any) -> Any:
    if not isinstance(choice, dict):
        return choice
    tidied = {name: value for name, value in choice.items() if value is not None}
    if isinstance(tidied.get("message"), dict):
        tidied["message"] = _message(tidied["message"])
    return tidied


def _message(said: dict[str, Any]) -> dict[str, Any]:
    tidied = {name: value for name, value in said.items() if value not in _EMPTY}
    if isinstance(tidied.get("tool_calls"), list):
        tidied["tool_calls"] = [_tool_call(each) for each in tidied["tool_calls"]]
    if "function_call" in tidied:
        tidied["function_call"] = _called(tidied["function_call"])
    return tidied


def _tool_call(call: Any) -> Any:
    return call | {"function": _called(call["function"])} if isinstance(call, dict) and "function" in call else call


def _called(function: Any) -> Any:
    """A call with its arguments as JSON, where they are."""
    arguments = function.get("arguments") if isinstance(function, dict) else None
    value = parsed(arguments.encode(errors="surrogatepass")) if isinstance(arguments, str) else NOT_JSON
    return function if value is NOT_JSON else function | {"arguments": value}
