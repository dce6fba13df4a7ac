"""Metrics: their names, labels and meanings, shared by who counts and who shows. Counts nothing itself.

A number is filed under a key: its metric's name and label values, as a JSON list.
"""

from typing import Literal, NamedTuple

import orjson


class Metric(NamedTuple):
    """One metric; `labels` in the order of a key's values. Help texts end without a full stop, as promtool wants."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str


METRICS = (
    Metric(
        "gateway_requests_total",
        "counter",
        ("route", "variant", "reason", "code"),
        "Requests answered on a route, by whose answer went out, why, and the status",
    ),
    Metric(
        "gateway_request_duration_seconds",
        "histogram",
        ("route", "variant"),
        "Time from the first byte of a request to the last byte of its answer",
    ),
    Metric("gateway_upstream_duration_seconds", "histogram", ("variant",), "Time of one attempt, from start to end"),
    Metric(
        "gateway_first_byte_seconds", "histogram", ("variant",), "Time from a request sent to its reply's first byte"
    ),
    Metric("gateway_in_flight_requests", "gauge", ("variant",), "Requests a variant is working on now"),
    Metric("gateway_attempts_total", "counter", ("variant", "outcome"), "Attempts on a variant, by how they ended"),
    Metric(
        "gateway_fallbacks_total",
        "counter",
        ("route", "from", "to", "reason"),
        "Times another variant answered, by the failure that caused it",
    ),
    Metric("gateway_breaker_state", "gauge", ("variant",), "State of the breaker: 0 closed, 1 half_open, 2 open"),
    Metric(
        "gateway_breaker_trips_total", "counter", ("variant", "trigger"), "Times the breaker opened, by its trigger"
    ),
    Metric(
        "gateway_ejected_endpoints",
        "gauge",
        ("variant",),
        "Endpoints that a worker ejected for a while",
    ),
    Metric(
        "gateway_shadow_comparisons_total",
        "counter",
        ("route", "variant", "outcome"),
        "Shadow replies judged against the live ones, by outcome",
    ),
    Metric(
        "gateway_shadow_dropped_total",
        "counter",
        ("route", "variant", "reason"),
        "Sampled requests that were not compared, by reason",
    ),
    Metric(
        "gateway_unkeyed_requests_total", "counter", ("route",), "Requests without a targeting key, drawn at random"
    ),
    Metric("gateway_rejected_requests_total", "counter", ("code",), "Requests refused before they reached a route"),
    Metric("gateway_client_disconnects_total", "counter", ("route",), "Requests whose client left before the end"),
    Metric("gateway_connections", "gauge", ("side",), "Open connections: client or upstream"),
    Metric("gateway_reloads_total", "counter", ("result",), "Reloads: applied, unchanged or refused"),
    Metric("gateway_revision", "gauge", (), "Number of the configuration in force"),
    Metric("gateway_overrides", "gauge", ("kind", "subject"), "Overrides in force: 1 for each"),
    Metric(
        "gateway_webhooks_total",
        "counter",
        ("result",),
        "Webhooks by what came of each try, arrived or failed, and given_up once after the last one",
    ),
    Metric("gateway_store_waiting", "gauge", (), "Changes that the store does not have yet; 0 means that all is kept"),
    Metric("gateway_store_failures_total", "counter", (), "Times the store could not be read or written"),
    Metric("gateway_worker_restarts_total", "counter", (), "Workers that ended unasked and were replaced"),
)

DURATION_BUCKETS = (
    *(0.001, 0.002, 0.003, 0.005, 0.0075),
    *(0.01, 0.02, 0.03, 0.05, 0.075),
    *(0.1, 0.2, 0.3, 0.5, 1.0),
    *(2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0),
)
"""Upper bounds in seconds; a last bucket without a bound follows."""


def key(name: str, *labels: str) -> bytes:
    """What a number is filed under."""
    return orjson.dumps((name, *labels))


def parse_key(text: bytes) -> tuple[str, tuple[str, ...]]:
    """The metric's name and its label values, out of what `key` made."""
    name, *labels = orjson.loads(text)
    return name, tuple(labels)
