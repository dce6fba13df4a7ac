"""The JSON Schema for editors: valid itself, kind to valid files, unkind to faulty ones."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from gateway.config.schema import json_schema

EXAMPLES = sorted((Path(__file__).parents[2] / "config").glob("*.yaml"))
SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
SMALL = """
listen: ["0.0.0.0:8080", {address: "[::]:80"}]
variants: {a: {endpoints: [http://x:1]}}
segments: {s: {header: x, eq: y}}
routes: {r: {match: {path: /x}, targeting_key: [{header: x}], split: {a: 1}}}
"""


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_the_schema_accepts_the_examples(file: Path) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(file.read_text()))] == []


@pytest.mark.parametrize(
    "change",
    [
        "listen: []",
        "listen: [{adress: x}]",
        "listen: [8080]",
        "workers: 0",
        "workers: many",
        "wrokers: 1",
        "expose_headers: 'yes'",
        "limits: {body: 64MB}",
        "limits: {body: 5}",
        "access_log: {sample: 0.5}",
        "admin: {tokens: [{name: ci, role: admin, token: literal}]}",
        "admin: {tokens: [{name: ci, role: root, token: '${env:X}'}]}",
        "notify: [{url: 'https://x', when: [nothing]}]",
        "variants: {}",
        "variants: {a: {}}",
        "variants: {'a b': {endpoints: [http://x]}}",
        "variants: {a: {endpoints: [ftp://x]}}",
        "variants: {a: {endpoints: [http://x], version: 3.10}}",
        "variants: {a: {endpoints: [http://x], breaker: {error_statuses: [5xx]}}}",
        "variants: {a: {endpoints: [http://x], timeouts: {total: 5}}}",
        "variants: {a: {endpoints: [http://x], retry: {when: [500]}}}",
        "segments: {s: {header: x}}",
        "segments: {s: {header: x, eq: y, in: [z]}}",
        "segments: {s: {header: x, query: y, eq: z}}",
        "segments: {s: {share: 10%, eq: x}}",
        "segments: {s: {all: []}}",
        "segments: {s: {client: port, eq: x}}",
        "segments: {s: {method: {like: x}}}",
        "routes: {r: {match: {path: x}, split: {a: 1}}}",
        "routes: {r: {match: {path: /x, methods: [get]}, split: {a: 1}}}",
        "routes: {r: {match: {path: /x}, split: {a: -1}}}",
        "routes: {r: {match: {path: /x}, split: {}}}",
        "routes: {r: {match: {path: /x}, targeting_key: [{header: a, query: b}], split: {a: 1}}}",
        "routes: {r: {match: {path: /x}, split: {a: 1}, fallback: {when: [broken]}}}",
    ],
)
def test_the_schema_refuses_what_is_faulty(change: str) -> None:
    document = yaml.safe_load(SMALL)
    VALIDATOR.validate(document)
    assert not VALIDATOR.is_valid(document | yaml.safe_load(change))


def test_references_fit_wherever_text_does() -> None:
    text = "variants: {a: {endpoints: ['${env:URL}'], timeouts: {total: '${env:TOTAL}'}}}"
    VALIDATOR.validate(yaml.safe_load(SMALL) | yaml.safe_load(text))


def test_every_key_is_described() -> None:
    """An editor has something to show for each."""
    undescribed = [path for path, node in properties(SCHEMA) if "description" not in node and "$ref" not in node]
    assert undescribed == []


def properties(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key that the schema knows."""
    for name, below in node.get("properties", {}).items():
        yield f"{path}.{name}", below
    for name, below in node.get("$defs", {}).items():
        yield from properties(below, name)
