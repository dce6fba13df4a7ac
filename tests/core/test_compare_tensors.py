"""Open Inference answers, in JSON and binary: pairs with the differences that are expected of them."""

import json
import struct
from math import nan
from typing import Any

import pytest

from gateway.core.compare import judge
from gateway.core.copies import Observation
from tests.core.replies import made, reply, said

NONE: dict[str, Any] = {}
Tensor = dict[str, Any]


def tensor(name: str = "x", datatype: str = "FP32", shape: Any = (2,), data: Any = (1, 2), **more: Any) -> Tensor:
    return {"name": name, "datatype": datatype, "shape": list(shape), "data": data, **more}


def answer(*outputs: Any, **more: Any) -> dict[str, Any]:
    return {"model_name": "m", "outputs": list(outputs), **more}


def binary(*outputs: tuple[Tensor, bytes], tail: bytes = b"", length: bytes | None = None) -> Observation:
    """An answer whose tensors follow the JSON, as Triton and MLServer send it."""
    listed = [
        {name: value for name, value in each.items() if name != "data"}
        | {"parameters": {"binary_data_size": len(blob)}}
        for each, blob in outputs
    ]
    head = json.dumps(answer(*listed)).encode()
    fields = (
        (b"Content-Type", b"application/octet-stream"),
        (b"Inference-Header-Content-Length", length or str(len(head)).encode()),
    )
    return Observation(200, fields, head + b"".join(blob for _, blob in outputs) + tail, 0.01)


def found(live: Any, shadow: Any, **settings: Any) -> list[str]:
    sides = [
        each if isinstance(each, Observation) else reply(each, content_type="application/json")
        for each in (live, shadow)
    ]
    return said(judge(made(settings, "oip"), *sides))


X, Y = tensor("x"), tensor("y", data=(3, 4))

ARGMAX = {"at": {"$.outputs[*].data": {"as": "argmax"}}}

JSON_PAIRS: list[tuple[dict[str, Any], Any, Any, list[str]]] = [
    (NONE, answer(X), answer(X, id="7", model_version="2", model_name="other"), []),
    (NONE, answer(X), answer(X, parameters={"a": 1}), ["extra $.parameters"]),
    (NONE, answer(X, Y), answer(Y, X), []),
    (NONE, answer(X, Y), answer(Y, tensor("x", data=(1, 3))), ["value $.outputs[0].data[1]"]),
    (NONE, answer(X, Y), answer(Y), ["missing $.outputs[0]"]),
    (NONE, answer(Y), answer(X, Y), ["extra $.outputs[0]"]),
    (NONE, answer(X, X), answer(X, tensor("y")), ["value $.outputs[1].name"]),
    (NONE, answer(1), answer(2), ["value $.outputs[0]"]),
    (NONE, answer(X), answer(tensor(shape=(2, 1))), ["length $.outputs[0].shape"]),
    (NONE, answer(X), answer(tensor(shape=(1,))), ["value $.outputs[0].shape[0]"]),
    (NONE, answer(X), answer(tensor(datatype="FP64")), ["value $.outputs[0].datatype"]),
    (NONE, answer(X), answer(tensor(data=(1, 2, 3))), ["length $.outputs[0].data"]),
    (NONE, answer(tensor(shape=(2, 2), data=[[1, 2], [3, 4]])), answer(tensor(shape=(2, 2), data=[1, 2, 3, 4])), []),
    (NONE, answer(tensor(data=[[1, 2], 3])), answer(tensor(data=[[1, 2], 4])), ["value $.outputs[0].data[1]"]),
    (NONE, answer(tensor(data=[])), answer(tensor(data=[])), []),
    (NONE, answer(tensor(datatype="BOOL", data=[True, False])), answer(tensor(datatype="BOOL", data=[1, 0])), []),
    (NONE, answer(tensor(data="a")), answer(tensor(data="b")), ["value $.outputs[0].data"]),
    (NONE, answer(tensor("t", data=["é"])), answer(tensor("t", data="é")), ["type $.outputs[0].data"]),
    (NONE, answer(tensor(data=None)), answer(tensor(data=1)), ["type $.outputs[0].data"]),
    ({"rel": 0.1}, answer(tensor(data=(1, 2.1))), answer(X), []),
    ({"unordered": ("$.outputs",)}, answer(X, Y), answer(Y, X), []),
    ({"unordered": ("$.outputs[*].data",)}, answer(X), answer(tensor(data=(2, 1))), []),
    ({"ignore": ("$.outputs[0]",)}, answer(X, Y), answer(tensor(data=(7, 8)), Y), []),
    ({"ignore": ("$.outputs[?@.name == 'x'].data",)}, answer(Y, X), answer(tensor(data=(7, 8)), Y), []),
    (ARGMAX, answer(X), answer(tensor(data=(7, 8))), []),
    (
        ARGMAX,
        answer(tensor(shape=(2, 2), data=(1, 2, 4, 3))),
        answer(tensor(shape=(2, 2), data=[[0, 9], [9, 0]])),
        [],
    ),
    (
        ARGMAX,
        answer(tensor(shape=(2, 2), data=(1, 2, 4, 3))),
        answer(tensor(shape=(2, 2), data=(2, 1, 4, 3))),
        ["value $.outputs[0].data"],
    ),
    (ARGMAX, answer(tensor(shape=(0,), data=())), answer(tensor(shape=(0,), data=()), id=1), []),
    (ARGMAX, answer(tensor(shape="ab")), answer(tensor(shape="ab", data=(2, 1))), ["value $.outputs[0].data"]),
    ({"at": {"$.outputs[*].data": {"as": "cosine", "min": 0.99}}}, answer(X), answer(tensor(data=(2, 4))), []),
    (NONE, {"error": "a"}, {"error": "b"}, ["value $.error"]),
    (NONE, [1], [2], ["value $[0]"]),
    (NONE, b"no JSON", b"none", ["value body"]),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "live", "shadow", "expected"), JSON_PAIRS)
def test_a_pair_in_json(settings: dict[str, Any], live: Any, shadow: Any, expected: list[str]) -> None:
    assert found(live, shadow, **settings) == expected
    assert found(live, live, **settings) == found(shadow, shadow, **settings) == []


VALUES: list[tuple[str, list[Any], bytes]] = [
    ("BOOL", [True, False], b"\1\0"),
    ("UINT8", [1, 255], b"\x01\xff"),
    ("UINT16", [1, 65535], struct.pack("<2H", 1, 65535)),
    ("UINT32", [1, 2**32 - 1], struct.pack("<2I", 1, 2**32 - 1)),
    ("UINT64", [1, 2**64 - 1], struct.pack("<2Q", 1, 2**64 - 1)),
    ("INT8", [-1, 127], b"\xff\x7f"),
    ("INT16", [-1, 2], struct.pack("<2h", -1, 2)),
    ("INT32", [-1, 2], struct.pack("<2i", -1, 2)),
    ("INT64", [-(2**63), 2], struct.pack("<2q", -(2**63), 2)),
    ("FP16", [0.1, 2], struct.pack("<2e", 0.1, 2)),
    ("FP32", [0.1, 2], struct.pack("<2f", 0.1, 2)),
    ("FP64", [0.1, 2], struct.pack("<2d", 0.1, 2)),
    ("FP32", [None, 2], struct.pack("<2f", nan, 2)),
    ("BF16", [1.5, -2], struct.pack("<f", 1.5)[2:] + struct.pack("<f", -2)[2:]),
    ("BYTES", ["é", ""], struct.pack("<I2sI", 2, "é".encode(), 0)),
]


@pytest.mark.parametrize(("datatype", "values", "blob"), VALUES)
def test_a_binary_tensor_equals_one_in_json(datatype: str, values: list[Any], blob: bytes) -> None:
    """Either may be the live one; and each equals itself."""
    as_json, as_binary = answer(tensor("x", datatype, data=values)), binary((tensor("x", datatype), blob))
    assert found(as_json, as_binary) == found(as_binary, as_json) == found(as_binary, as_binary) == []
    assert found(as_json, binary((tensor("x", datatype), blob[:-1] + b"\x05")))


def test_what_differs_in_a_binary_tensor_is_named() -> None:
    live, shadow = struct.pack("<4f", 1, 2, 3, 4), struct.pack("<4f", 1, 2, 3, 5)
    x, y = tensor("x", shape=(4,)), tensor("y", "INT8")
    first, second = binary((x, live), (y, b"\1\2")), binary((y, b"\1\3"), (x, shadow))
    assert found(first, second) == ["value $.outputs[0].data[3]", "value $.outputs[1].data[1]"]
    assert found(first, second, **ARGMAX) == []


def test_binary_and_json_tensors_stand_in_one_answer() -> None:
    """A client may ask for each in its own form; other parameters are compared."""
    y = {**Y, "parameters": {"content_type": "np"}}
    head = json.dumps(answer({**X, "parameters": {"binary_data_size": 8}, "data": None}, y)).encode()
    fields = ((b"inference-header-content-length", str(len(head)).encode()),)
    mixed = Observation(200, fields, head + struct.pack("<2f", 1, 2), 0)
    assert found(mixed, answer(X, y)) == []
    assert found(mixed, answer(X, Y)) == ["missing $.outputs[1].parameters"]


@pytest.mark.parametrize(
    "broken",
    [
        binary((X, struct.pack("<2f", 1, 2)), tail=b"\0"),
        binary((X, b"\0\0\0")),
        binary((tensor(datatype="FP99"), b"\0\0\0\0")),
        binary((tensor(datatype=7), b"\0\0\0\0")),
        binary((tensor(datatype="BYTES"), b"\xff\0\0\0a")),
        binary((tensor(datatype="BYTES"), b"\1\0")),
        binary((tensor(datatype="BF16"), b"\1\0\0")),
        binary((X, struct.pack("<2f", 1, 2)), length=b"7"),
        binary((X, struct.pack("<2f", 1, 2)), length=b"99999"),
        binary((X, struct.pack("<2f", 1, 2)), length=b"x"),
        Observation(200, ((b"inference-header-content-length", b"2"),), b"{}more", 0),
        reply(answer({"name": "x", "datatype": "FP32", "shape": [1], "parameters": {"binary_data_size": 4}})),
    ],
)
def test_an_answer_that_is_not_what_it_says_differs_as_a_body(broken: Observation) -> None:
    """Bytes are compared then, and it still equals itself."""
    assert found(broken, broken) == []
    assert "type body" in found(broken, answer(X))


@pytest.mark.parametrize("size", [-1, True, "4", None])
def test_a_size_that_is_none_is_only_a_parameter(size: Any) -> None:
    told = {**X, "parameters": {"binary_data_size": size}}
    assert found(answer(told), answer(X)) == ["missing $.outputs[0].parameters"]


def test_texts_that_are_no_utf8_are_told_apart() -> None:
    live, shadow = (binary((tensor("x", "BYTES", (1,)), b"\1\0\0\0" + bytes([byte]))) for byte in (0xFE, 0xFF))
    assert found(live, shadow) == ["value $.outputs[0].data[0]"]


def test_the_content_type_tells_the_two_forms_apart_and_nothing_else() -> None:
    one, other = (reply(answer(X), content_type=name) for name in ("application/json", "application/octet-stream"))
    assert found(one, other) == []
    one, other = (reply({"error": "a"}, content_type=name) for name in ("application/json", "text/plain"))
    assert found(one, other) == ["value content-type"]


@pytest.mark.parametrize(
    ("datatype", "data"), [("FP16", [1e30, 2]), ("FP32", ["a", 2]), ("INT8", [1.5, 2]), ("FP32", [1, 2, 3])]
)
def test_numbers_that_a_datatype_cannot_hold_are_compared_as_they_are(datatype: str, data: list[Any]) -> None:
    blob = {"FP16": struct.pack("<2e", 1, 2), "FP32": struct.pack("<2f", 1, 2), "INT8": b"\1\2"}[datatype]
    assert found(answer(tensor("x", datatype, data=data)), binary((tensor("x", datatype), blob)))


def test_tensors_without_names_are_compared_by_their_place() -> None:
    unnamed = {"datatype": "FP32", "shape": [2], "data": [1, 2]}
    assert found(answer(unnamed, Y), answer(Y, unnamed)) == ["order $.outputs"]
    assert found(answer(unnamed), binary((X, struct.pack("<2f", 1, 3)))) == [
        "value $.outputs[0].data[1]",
        "extra $.outputs[0].name",
    ]
