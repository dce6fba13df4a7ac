"""Every default is the documented one: in the snapshot, in the models, and in the schema for editors."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config.load import Configuration, load
from gateway.config.schema import json_schema
from gateway.core import model

REQUIRED = """
listen: ["0.0.0.0:8080"]
variants: {fraud-3: {endpoints: [http://10.0.0.1:8000]}, fraud-5: {endpoints: [http://10.0.0.5:8000]}}
routes: {fraud: {match: {path: /v1/fraud}, split: {fraud-3: 95, fraud-5: 5}, shadow: [{variant: fraud-5}]}}
"""

# The documented listing: all that is not required, each key with its default.
TOP = """
workers: auto
admin: {listen: 127.0.0.1:9090, tokens: []}
trusted_proxies: []
store: sqlite:///gateway.db
limits: {header: 32KiB, body: 64MiB, inspect_body: 4MiB, header_timeout: 10s, body_idle: 30s, keepalive: 75s,
         connections: 20000, drain_delay: 0s, drain: 30s}
access_log: {path: null, sample: 100%}
notify: []
expose_headers: true
segments: {}
"""
VARIANT = """
tls: {ca: null, cert: null, key: null, server_name: null, verify: true}
version: ""
metadata: {}
path: null
model: null
headers: {set: {}, remove: []}
timeouts: {connect: 1s, first_byte: 30s, idle: 60s, total: 300s}
concurrency: 1024
retry: {extra: 1, when: [connect], budget: 20%}
balance: least_loaded
breaker: {mode: enforce, window: 10s, min_requests: 20, error_rate: 50%, error_statuses: [500-599],
          consecutive_errors: 5, slow_after: auto, slow_rate: 50%, open_for: 5s, max_open_for: 60s, probes: 3,
          rescue: true, probe: live}
ejection: {consecutive_errors: 5, for: 5s, max_share: 50%}
health: null
"""
ROUTE = """
protocol: http
targeting_key: []
rules: []
fallback: {variants: null, when: [open, unavailable, disabled, connect, timeout, error, overload, slow], response: null}
deadline: 300s
replay_body: 1MiB
"""
SHADOW = """
sample: 100%
max_body: 1MiB
max_in_flight: 64
timeout: null
noise: 5%
keep: 200
record: null
compare: {ignore: [], numbers: {rel: 0, abs: 0}, unordered: [], at: {}}
"""
HEALTH = "{interval: 5s, timeout: 1s, unhealthy_after: 2, healthy_after: 1}"


def loaded(document: dict[str, Any]) -> Configuration:
    """The document as if it had been written."""
    return load(yaml.safe_dump(document, sort_keys=False).encode(), name="x", folder=Path("/etc/gateway"))


def test_a_file_that_writes_every_default_is_the_file_that_writes_none() -> None:
    short = loaded(yaml.safe_load(REQUIRED))
    document = yaml.safe_load(REQUIRED) | yaml.safe_load(TOP)
    for variant in document["variants"].values():
        variant.update(yaml.safe_load(VARIANT))
    (route,) = document["routes"].values()
    route.update(yaml.safe_load(ROUTE))
    route["shadow"][0].update(yaml.safe_load(SHADOW))
    whole = loaded(document)
    assert whole.snapshot == short.snapshot
    assert whole.settings == short.settings


def test_the_models_defaults_are_the_files() -> None:
    """A variant, route or limit made in code, without the file, has the same values."""
    snapshot = loaded(yaml.safe_load(REQUIRED)).snapshot
    variant, route = snapshot.variants["fraud-3"], snapshot.routes["fraud"]
    assert variant == model.Variant("fraud-3", variant.endpoints)
    assert route == model.Route("fraud", route.match, route.split, salt="fraud", shadow=(model.Shadow("fraud-5"),))
    assert snapshot == model.Snapshot(snapshot.listen, snapshot.variants, snapshot.routes)


def test_an_openai_route_falls_back_on_429_as_well() -> None:
    document = yaml.safe_load(REQUIRED)
    document["routes"]["fraud"]["protocol"] = "openai"
    assert loaded(document).snapshot.routes["fraud"].fallback.when == (*model.Fallback().when, 429)


def test_health_has_defaults_once_it_has_a_path() -> None:
    document = yaml.safe_load(REQUIRED)
    document["variants"]["fraud-3"]["health"] = {"path": "/ready"} | yaml.safe_load(HEALTH)
    assert loaded(document).snapshot.variants["fraud-3"].health == model.Health("/ready")


@pytest.mark.parametrize(
    ("listing", "name"), [(TOP, None), (VARIANT, "Variant"), (ROUTE, "Route"), (SHADOW, "Shadow"), (HEALTH, "Health")]
)
def test_the_schema_shows_the_documented_defaults(listing: str, name: str | None) -> None:
    schema = json_schema()
    root = schema if name is None else schema["$defs"][name]
    for path, value in leaves(yaml.safe_load(listing)):
        assert default_at(schema, root, path) == value, path


def leaves(node: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Every key with a value of its own."""
    found = []
    for key, value in node.items():
        found += leaves(value, (*path, key)) if isinstance(value, dict) and value else [((*path, key), value)]
    return found


def default_at(schema: dict[str, Any], node: dict[str, Any], path: tuple[str, ...]) -> Any:
    """The default that the schema shows at a path."""
    for part in path:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        node = node["properties"][part]
    return node["default"]
