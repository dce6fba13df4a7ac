"""Answers of the Open Inference Protocol, in JSON or binary (`binary_data_size`), brought into one form: each tensor's
content is a flat list of values. The same tensors are equal in either form.
"""

import struct
from collections.abc import Sequence
from math import nan, prod
from typing import Any, TypeGuard

from gateway.core.bodies import json_part
from gateway.core.compare_limits import Tensor
from gateway.core.compare_reading import NOT_JSON, parsed

_CODES = {
    "BOOL": "?",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
}
"""Datatype to what `struct` calls it."""
_FLOATS = {"FP16": "e", "FP32": "f", "FP64": "d"}


def tensors(text: bytes, fields: dict[bytes, bytes]) -> Any:
    """An answer in one form, or NOT_JSON; what holds no tensors is left as it is."""
    part = json_part(text, fields)
    value = NOT_JSON if part is None else parsed(part)
    if part is None or not has_outputs(value):
        return value if part == text else NOT_JSON
    rest = memoryview(text)[len(part) :]
    outputs = value["outputs"]
    for number, output in enumerate(outputs):
        if not isinstance(output, dict):
            continue
        size = _binary_size(output)
        if size is None:
            outputs[number] = _of_json(output)
            continue
        content = _unpacked(output.get("datatype"), bytes(rest[:size])) if size <= len(rest) else None
        if content is None:
            return NOT_JSON
        outputs[number], rest = _of_binary(output, content), rest[size:]
    return NOT_JSON if len(rest) else value


def has_outputs(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a value has the form of an inference answer."""
    return isinstance(value, dict) and isinstance(value.get("outputs"), list)


def align(live: Any, shadow: Any) -> None:
    """Where one answer holds a tensor as JSON and the other as binary: rounds the numbers of the JSON one to its
    datatype, which its digits stand for. JSON's null stands for NaN there."""
    others = {_name(output): output for output in shadow["outputs"]}
    for output in live["outputs"]:
        other = others.get(_name(output))
        if other is None or _is_binary(output) is None or _is_binary(other) is None:
            continue
        if _is_binary(output) is not _is_binary(other):
            _round(other if _is_binary(output) else output)


def _name(output: Any) -> str | None:
    name = output.get("name") if isinstance(output, dict) else None
    return name if isinstance(name, str) else None


def _is_binary(output: dict[str, Any]) -> bool | None:
    """None where there is no tensor."""
    content = output.get("data") if isinstance(output, dict) else None
    return content.is_binary if isinstance(content, Tensor) else None


def _round(output: dict[str, Any]) -> None:
    content = output["data"]
    code = _FLOATS.get(str(output.get("datatype")))
    if code is None:
        return
    form = f"<{len(content)}{code}"
    try:
        rounded = struct.unpack(form, struct.pack(form, *(nan if each is None else each for each in content)))
    except (struct.error, OverflowError):
        return
    output["data"] = Tensor(rounded, content.width, is_binary=False)


def _binary_size(output: dict[str, Any]) -> int | None:
    """How many bytes after the JSON are this tensor's; None where it is in the JSON."""
    parameters = output.get("parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    return size if type(size) is int and size >= 0 else None


def _of_binary(output: dict[str, Any], content: Sequence[object]) -> dict[str, Any]:
    """A tensor as its JSON form would be: the size is of the transport alone."""
    parameters = {name: value for name, value in output["parameters"].items() if name != "binary_data_size"}
    changed = output | {"parameters": parameters, "data": Tensor(content, _width(output, content), is_binary=True)}
    return changed if parameters else {name: value for name, value in changed.items() if name != "parameters"}


def _of_json(output: dict[str, Any]) -> dict[str, Any]:
    content = output.get("data")
    if not isinstance(content, list):
        return output
    while content and all(type(each) is list for each in content):
        content = [value for each in content for value in each]
    if output.get("datatype") == "BOOL":
        content = [bool(each) if type(each) is int and each in {0, 1} else each for each in content]
    return output | {"data": Tensor(content, _width(output, content), is_binary=False)}


def _width(output: dict[str, Any], content: Sequence[object]) -> int:
    """The length of the last axis; all of the content where the shape does not fit it."""
    shape = output.get("shape")
    if not isinstance(shape, list) or not shape or not all(type(each) is int for each in shape):
        return len(content)
    return shape[-1] if shape[-1] > 0 and prod(shape) == len(content) else len(content)


def _unpacked(datatype: Any, data: bytes) -> Sequence[object] | None:
    """The values of binary content, None where the datatype is not known or the length does not fit it."""
    if datatype == "BYTES":
        return _texts(data)
    if datatype == "BF16":
        # The upper halves of single precision.
        return _unpacked("FP32", b"".join(b"\0\0" + data[at : at + 2] for at in range(0, len(data), 2)))
    code = _CODES.get(datatype) if isinstance(datatype, str) else None
    if code is None or len(data) % struct.calcsize(f"<{code}"):
        return None
    return struct.unpack(f"<{len(data) // struct.calcsize(f'<{code}')}{code}", data)


def _texts(data: bytes) -> list[object] | None:
    """Texts with their lengths in front, four bytes each. Bytes that are no UTF-8 stay apart as half surrogates."""
    texts: list[object] = []
    at = 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "little")
        if end > len(data):
            return None
        texts.append(data[at + 4 : end].decode(errors="surrogateescape"))
        at = end
    return texts
