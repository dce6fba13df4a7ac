"""What the admin side answers when it does not do what was asked: one shape for all, one status for each code.

It decides codes, statuses and shapes, and which exception of `operations` becomes which. It must not know who asked.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

import orjson
from aiohttp import web
from pydantic import AfterValidator, Field

from gateway.admin.answers import Answer, Fault
from gateway.admin.operations import RefusedError, StaleError, UnavailableError, UnknownError
from gateway.config.faults import ConfigError

_ALL = (
    ("bad_request", 400, "The query, a field or the body is malformed"),
    ("unauthorized", 401, "The token is missing or nobody's"),
    ("forbidden", 403, "The token's role does not reach; or, without tokens, the request is not from this machine"),
    ("not_found", 404, "There is nothing under this path, name or number"),
    ("method_not_allowed", 405, "The path takes other methods"),
    ("timeout", 408, "The body did not come in time"),
    ("refused", 409, "The change is understood and cannot be made, such as one that needs a restart"),
    ("stale", 412, "Another revision than the one `If-Match` names is in force"),
    ("body_too_large", 413, "The body is larger than may be sent here"),
    ("unsupported_media_type", 415, "The content type is missing or another one is due"),
    ("invalid_config", 422, "The configuration has faults, all of which are listed"),
    ("invalid_request", 422, "The body does not fit; everything that is wrong is listed"),
    ("too_many_requests", 429, "Too many bad tokens came from this address"),
    ("internal_error", 500, "The answer failed; the log says why"),
    ("unavailable", 503, "What is needed for the answer, such as the store, cannot be reached now"),
)
STATUS = {code: status for code, status, _ in _ALL}
"""Code to HTTP status, for every error of the admin side."""
MEANING = {code: meaning for code, _, meaning in _ALL}
"""Code to what it means."""

RETRY_AFTER = 1
"""Seconds after which it is worth asking again for what was unavailable."""


def _one_line(text: str) -> str:
    """Fit for a terminal: what a caller sent and gets back cannot break the line or colour it."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


Line = Annotated[str, AfterValidator(_one_line)]


class Problem(Answer):
    """What went wrong."""

    code: str = Field(json_schema_extra={"enum": list(STATUS)})
    type: Literal["gateway_error"] = "gateway_error"
    message: Line
    """What is wrong, and what would be right."""


class Refusal(Answer):
    """An answer that is an error."""

    error: Problem


class ConfigFaults(Problem):
    """A configuration that cannot be served, with every fault."""

    code: str = Field(default="invalid_config", json_schema_extra={"const": "invalid_config"})
    faults: list[Fault]


class InvalidConfig(Answer):
    """The configuration has faults."""

    error: ConfigFaults


class Misfit(Answer):
    """One value of a request that does not fit."""

    path: Line
    message: Line


class RequestFaults(Problem):
    """A body that does not fit, with everything that is wrong."""

    code: str = Field(default="invalid_request", json_schema_extra={"const": "invalid_request"})
    faults: list[Misfit]


class InvalidRequest(Answer):
    """The body does not fit."""

    error: RequestFaults


class Present(Problem):
    """Somebody else was first."""

    code: str = Field(default="stale", json_schema_extra={"const": "stale"})
    revision: int
    """The one in force, on which a new change must build."""


class Stale(Answer):
    """`If-Match` names another revision than the one in force."""

    error: Present


SHAPES: dict[str, type[Answer]] = {
    "invalid_config": InvalidConfig,
    "invalid_request": InvalidRequest,
    "stale": Stale,
}
"""Code to the shape of its answer, where it says more than others."""


class AnswerError(Exception):
    """Ends a request with an error; raised where the reason is found."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.message)
        self._problem = problem
        self._headers = headers or {}

    def response(self) -> web.Response:
        """What is sent."""
        body = orjson.dumps({"error": self._problem.model_dump(mode="json")})
        return web.Response(
            body=body, status=STATUS[self._problem.code], content_type="application/json", headers=self._headers
        )


def refusal(code: str, message: str, **headers: str) -> AnswerError:
    """The plain error of that code. Header names are given with underscores."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return AnswerError(Problem(code=code, message=message), fields)


def unavailable(message: str) -> AnswerError:
    """It is worth asking again in a moment."""
    return refusal("unavailable", message, Retry_After=str(RETRY_AFTER))


def invalid_request(misfits: list[Misfit]) -> AnswerError:
    """A body with these misfits."""
    message = "; ".join(f"{each.path}: {each.message}" if each.path else each.message for each in misfits)
    return AnswerError(RequestFaults(message=message, faults=misfits))


def translated(error: Exception) -> AnswerError | None:
    """The answer for what `operations` raises on purpose; None for anything else."""
    for kind, translate in _TRANSLATIONS.items():
        if isinstance(error, kind):
            return translate(error)
    return None


def _invalid_config(error: ConfigError) -> AnswerError:
    faults = [Fault.model_validate(each) for each in error.faults]
    message = f"{len(faults)} fault{'' if len(faults) == 1 else 's'}"
    return AnswerError(ConfigFaults(message=message, faults=faults))


def _stale(error: StaleError) -> AnswerError:
    message = f"revision {error.present} is in force: look at what it changed, then ask again on top of it"
    present = Present(message=message, revision=error.present)
    return AnswerError(present, {"ETag": f'"{error.present}"'})


_TRANSLATIONS: dict[type[Exception], Callable[..., AnswerError]] = {
    AnswerError: lambda error: error,
    ConfigError: _invalid_config,
    StaleError: _stale,
    UnknownError: lambda error: refusal("not_found", str(error)),
    RefusedError: lambda error: refusal("refused", str(error)),
    UnavailableError: lambda error: unavailable(str(error)),
}
