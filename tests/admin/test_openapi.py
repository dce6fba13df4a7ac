"""The OpenAPI document: it is one, it says what is answered, and what is answered is what it says."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from gateway.admin.calls import PREFIX, AnyCall
from gateway.admin.openapi import document
from gateway.admin.refusals import STATUS
from gateway.admin.table import CALLS
from tests.admin.live import live
from tests.admin.site import TOKENS, Site, bearers
from tests.admin.test_access import EXAMPLES, each_call, example

DOCUMENT: dict[str, Any] = orjson.loads(document(CALLS))
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
BOUNDED = hypothesis.settings(
    max_examples=10,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def operation(call: AnyCall) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][call.path][call.method.lower()]
    return found


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(schema | {"components": DOCUMENT["components"]})


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from references(each)


def test_the_document_describes_every_call_and_nothing_else() -> None:
    described = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert described == {(call.method, call.path) for call in CALLS}
    assert (DOCUMENT["openapi"], DOCUMENT["servers"]) == ("3.1.0", [{"url": PREFIX}])


def test_the_document_is_open_api() -> None:
    """By the specification's own schema."""
    schemathesis.openapi.from_dict(DOCUMENT).validate()
    with pytest.raises(Exception, match="is not of type"):
        schemathesis.openapi.from_dict(DOCUMENT | {"openapi": "3.1.0", "paths": []}).validate()


def test_every_reference_leads_somewhere_and_every_shape_is_used() -> None:
    schemas = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert set(references(DOCUMENT)) == schemas


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_every_shape_is_a_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


@each_call
def test_a_call_says_its_role_and_all_it_can_answer(call: AnyCall) -> None:
    described = operation(call)
    assert described["x-role"] == call.role
    for code in ("bad_request", "unauthorized", "forbidden", "too_many_requests", "internal_error", *call.refusals):
        assert f"`{code}`" in described["responses"][str(STATUS[code])]["description"]
    for status, response in described["responses"].items():
        assert response["content"], status


def test_bounds_and_types_of_parameters_are_json_schema() -> None:
    parameters = {each["name"]: each["schema"] for each in operation(CALLS[4])["parameters"]}
    assert {name: (each["type"], each["minimum"], each["maximum"]) for name, each in parameters.items()} == {
        "limit": ("integer", 1, 500),
        "before": ("integer", 0, (1 << 53) - 1),
    }


@each_call
async def test_what_is_answered_is_what_the_document_says(site: Site, call: AnyCall) -> None:
    request = example(call)
    request["headers"]["Authorization"] = f"Bearer {TOKENS['admin']}"
    answer = await site.client.request(request.pop("method"), request.pop("url"), **request)
    described = operation(call)["responses"]["200"]
    kind = answer.headers["Content-Type"]
    assert (answer.status, kind in described["content"]) == (200, True)
    assert ("ETag" in answer.headers) == ("ETag" in described.get("headers", {}))
    if kind == "application/json":
        validator(described["content"][kind]["schema"]).validate(await answer.json())


async def test_the_document_is_served_as_it_is_made(site: Site) -> None:
    assert await (await site.ask("GET", "/openapi.json", role="viewer")).json() == DOCUMENT


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A live admin side; at its end nothing must have failed unexpectedly."""
    with live(tmp_path_factory.mktemp("admin"), bearers()) as (found, failed):
        yield found
        assert failed == []


@each_call
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_is_sent_is_answered_as_described(url: str, call: AnyCall, mode: GenerationMode) -> None:
    """schemathesis makes up requests, right ones and wrong ones, and judges the answers."""
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    known = {name: value for name, value in EXAMPLES.items() if f"{{{name}}}" in call.path}
    fixed = {"path_parameters": known} if known and mode is GenerationMode.POSITIVE else {}
    headers = {"Authorization": f"Bearer {TOKENS['admin']}"}
    answered = []

    @hypothesis.given(case=schema[call.path][call.method].as_strategy(generation_mode=mode, **fixed))
    @BOUNDED
    def send(case: schemathesis.Case) -> None:
        response = case.call_and_validate(base_url=url + PREFIX, headers=headers, checks=CHECKS)
        answered.append(response.status_code)

    send()
    assert len(answered) > 0
