"""One call of the admin API, as data: method, path, who may, what it takes, what it answers, and who does it.

The server and the OpenAPI document are both made from these. Nothing here acts.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel

from gateway.admin.answers import Answer
from gateway.admin.operations import Operations
from gateway.admin.requests import Input
from gateway.admin.streams import Streams
from gateway.admin.tokens import Bearer
from gateway.config.settings import Role

PREFIX = "/api/v1"

YAML = "application/yaml"
JSON = "application/json"
EVENT_STREAM = "text/event-stream"

YAML_TYPES = (YAML, "text/yaml", "application/x-yaml", "text/x-yaml", JSON)
"""Content types that a configuration may have; JSON is YAML as well."""

QueryT = TypeVar("QueryT", bound=Input)
BodyT = TypeVar("BodyT")


@dataclass(frozen=True, slots=True)
class Context:
    """What every call works with."""

    operations: Operations
    streams: Streams
    tokens: Callable[[], Sequence[Bearer]]
    now: Callable[[], datetime]
    document: bytes
    """The OpenAPI document."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[QueryT, BodyT]):
    """One request, checked."""

    context: Context
    request: web.Request
    who: str
    query: QueryT
    body: BodyT

    @property
    def operations(self) -> Operations:
        """Control."""
        return self.context.operations

    def name(self, parameter: str) -> str:
        """The part of the path that stands for that parameter."""
        return self.request.match_info[parameter]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[QueryT, BodyT]):
    """One call."""

    method: Literal["GET", "PUT", "POST", "DELETE"]
    path: str
    """Below PREFIX."""
    role: Role
    """The least that may."""
    summary: str
    handler: Callable[[Asked[QueryT, BodyT]], Awaitable[web.StreamResponse]]
    query: type[QueryT]
    body: type[BodyT]
    """`bytes` for a configuration's text, a model for JSON, NoneType for none."""
    answers: Mapping[str, type[BaseModel] | None]
    """By content type; None for what no model describes."""
    refusals: tuple[str, ...] = ()
    """The codes of errors that are this call's own, beyond those that all have."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Request fields that it reads, with what they mean."""
    has_etag: bool = False


AnyCall = Call[Any, Any]
AnyAsked = Asked[Any, Any]


def answered(answer: Answer, *, revision: int | None = None) -> web.Response:
    """The answer as JSON; with the revision it shows or made, where there is one, as its `ETag`."""
    response = web.Response(body=answer.model_dump_json(by_alias=True).encode(), content_type=JSON)
    if revision is not None:
        response.headers["ETag"] = f'"{revision}"'
    return response
