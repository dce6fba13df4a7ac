"""The OpenAPI 3.1 document, made from the table of calls and from the models that check and send.

It decides how calls read as OpenAPI. It must not add anything that the table and the models do not say.
"""

import re
from collections.abc import Iterable, Sequence
from types import NoneType
from typing import Any, Literal

import orjson
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gateway.admin.calls import EVENT_STREAM, JSON, PREFIX, YAML, YAML_TYPES, AnyCall
from gateway.admin.refusals import MEANING, SHAPES, STATUS, Refusal
from gateway.admin.requests import MAX_NUMBER
from gateway.config.fields import NAME

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]

DESCRIPTION = """Reads and changes what the gateway does while it serves.

With tokens in the configuration, each call takes `Authorization: Bearer TOKEN`, and `x-role` is the least role that
may make it: viewer, operator, admin; each may do what those before it may. Without tokens, everybody on this machine
may make all calls, under a loopback name, and PUT and POST need their `content-type` even where they have no body."""

PATH_PARAMETERS: dict[str, Schema] = {
    "variant": {"type": "string", "pattern": f"^{NAME}$"},
    "route": {"type": "string", "pattern": f"^{NAME}$"},
    "revision": {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER},
}
_REF = "#/components/schemas/{model}"
_CONFIGURATION: Schema = {"type": "object", "description": "A configuration; `gateway schema` prints what it may hold."}
_UNMODELLED: dict[str, Schema] = {
    JSON: {"type": "object"},
    YAML: _CONFIGURATION,
    EVENT_STREAM: {"type": "string"},
}


def document(calls: Sequence[AnyCall]) -> bytes:
    """The document as JSON."""
    paths: dict[str, Schema] = {}
    for call in calls:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call)
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Model gateway: admin API", "version": "1", "description": DESCRIPTION},
        "servers": [{"url": PREFIX}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(calls),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }
    return orjson.dumps(whole)


def refusals(call: AnyCall) -> list[str]:
    """The codes of all errors that the call can answer with."""
    codes = ["bad_request", "unauthorized", "forbidden", *call.refusals, "too_many_requests", "internal_error"]
    if call.body is not NoneType:
        codes += ["timeout", "body_too_large", "unsupported_media_type"]
    if _is_model(call.body):
        codes.append("invalid_request")
    return sorted(codes, key=lambda code: (STATUS[code], code))


def _operation(call: AnyCall) -> Schema:
    operation = {
        "operationId": call.handler.__name__,
        "summary": call.summary,
        "tags": [call.path.split("/")[1]],
        "x-role": call.role,
        "parameters": [*_path(call), *_query(call), *_headers(call)],
        "responses": {"200": _done(call), **_refused(call)},
    }
    if call.body is not NoneType:
        operation["requestBody"] = _body(call)
    return operation


def _path(call: AnyCall) -> Iterable[Schema]:
    for name in re.findall(r"{(\w+)}", call.path):
        yield {"name": name, "in": "path", "required": True, "schema": PATH_PARAMETERS[name]}


def _query(call: AnyCall) -> Iterable[Schema]:
    for name, schema in call.query.model_json_schema().get("properties", {}).items():
        description = {"description": schema.pop("description")}
        yield {"name": name, "in": "query", "required": False, **description, "schema": _without_null(schema)}


def _without_null(schema: Schema) -> Schema:
    """A parameter is there or not; it is never null."""
    kinds = [each for each in schema.pop("anyOf", ()) if each != {"type": "null"}]
    if kinds:
        schema.pop("default", None)
        schema |= kinds[0]
    return schema


def _headers(call: AnyCall) -> Iterable[Schema]:
    for name, description in call.headers.items():
        yield {
            "name": name,
            "in": "header",
            "required": False,
            "description": description,
            "schema": {"type": "string"},
        }


def _body(call: AnyCall) -> Schema:
    if not _is_model(call.body):
        return {"required": True, "content": {kind: {"schema": _CONFIGURATION} for kind in YAML_TYPES}}
    required = any(each.is_required() for each in call.body.model_fields.values())
    return {"required": required, "content": {JSON: {"schema": _ref(call.body)}}}


def _done(call: AnyCall) -> Schema:
    content = {kind: {"schema": _ref(model) if model else _UNMODELLED[kind]} for kind, model in call.answers.items()}
    done: Schema = {"description": "Done", "content": content}
    if call.has_etag:
        described = {"description": 'The revision, such as "7"', "schema": {"type": "string"}}
        done["headers"] = {"ETag": described}
    return done


def _refused(call: AnyCall) -> dict[str, Schema]:
    by_status: dict[str, list[str]] = {}
    for code in refusals(call):
        by_status.setdefault(str(STATUS[code]), []).append(code)
    return {status: _refusal(codes) for status, codes in by_status.items()}


def _refusal(codes: list[str]) -> Schema:
    refs = [_ref(SHAPES.get(code, Refusal)) for code in codes]
    return {
        "description": "; or ".join(f"`{code}`: {MEANING[code]}" for code in codes),
        "content": {JSON: {"schema": refs[0] if len(refs) == 1 else {"anyOf": refs}}},
    }


def _schemas(calls: Sequence[AnyCall]) -> Schema:
    bodies = {call.body for call in calls if _is_model(call.body)}
    answers = {model for call in calls for model in call.answers.values() if model}
    wanted = [*_in(bodies, "validation"), *_in({*answers, *SHAPES.values(), Refusal}, "serialization")]
    _, schema = models_json_schema(wanted, ref_template=_REF)
    found: Schema = schema["$defs"]
    return found


def _in(models: Iterable[type[BaseModel]], mode: Mode) -> list[tuple[type[BaseModel], Mode]]:
    return [(model, mode) for model in sorted(models, key=lambda model: model.__name__)]


def _is_model(body: type) -> bool:
    return issubclass(body, BaseModel)


def _ref(model: type[BaseModel]) -> Schema:
    return {"$ref": _REF.format(model=model.__name__)}
