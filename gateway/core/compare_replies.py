"""One reply made ready to be compared, by what its route's protocol says of it."""

from typing import Any, NamedTuple

from gateway.core.bodies import BINARY_LENGTH
from gateway.core.compare_chat import message
from gateway.core.compare_limits import is_small, measure
from gateway.core.compare_reading import NOT_JSON, Media, first_fields, media, parsed, text
from gateway.core.compare_streams import assembled
from gateway.core.compare_tensors import has_outputs, tensors
from gateway.core.copies import Observation
from gateway.core.model import Protocol


class Reply(NamedTuple):
    """What is compared of a reply, after its status."""

    media: Media
    text: bytes
    """The body, without its content coding."""
    value: Any
    """The JSON that it holds, in one form; or NOT_JSON."""
    is_inference: bool
    """Whether it holds tensors, in JSON or binary."""


def read(observation: Observation, protocol: Protocol) -> Reply:
    """One reply; IncomparableError where it is too much, or cannot be read."""
    fields = first_fields(observation)
    kind, body = media(fields.get(b"content-type", b"")), text(observation.body, fields)
    value = NOT_JSON if not body else _value(body, fields, protocol, is_stream=kind.name == "text/event-stream")
    # What openai models write may hold JSON within texts of JSON, escaped.
    if protocol == "openai" or not is_small(body, is_json=BINARY_LENGTH not in fields):
        measure(value)
    return Reply(kind, body, value, protocol == "oip" and has_outputs(value))


def _value(body: bytes, fields: dict[bytes, bytes], protocol: Protocol, *, is_stream: bool) -> Any:
    if protocol == "oip":
        return tensors(body, fields)
    if protocol == "openai":
        return message(assembled(body) if is_stream else parsed(body))
    return parsed(body)
