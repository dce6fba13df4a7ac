"""The metrics' vocabulary: the contract's names and labels, and keys that survive any text."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.metrics import DURATION_BUCKETS, METRICS, key, parse_key

CONTRACT = {
    "gateway_requests_total": ("route", "variant", "reason", "code"),
    "gateway_request_duration_seconds": ("route", "variant"),
    "gateway_upstream_duration_seconds": ("variant",),
    "gateway_first_byte_seconds": ("variant",),
    "gateway_in_flight_requests": ("variant",),
    "gateway_attempts_total": ("variant", "outcome"),
    "gateway_fallbacks_total": ("route", "from", "to", "reason"),
    "gateway_breaker_state": ("variant",),
    "gateway_breaker_trips_total": ("variant", "trigger"),
    "gateway_ejected_endpoints": ("variant",),
    "gateway_shadow_comparisons_total": ("route", "variant", "outcome"),
    "gateway_shadow_dropped_total": ("route", "variant", "reason"),
    "gateway_unkeyed_requests_total": ("route",),
    "gateway_rejected_requests_total": ("code",),
    "gateway_client_disconnects_total": ("route",),
    "gateway_connections": ("side",),
    "gateway_reloads_total": ("result",),
    "gateway_revision": (),
    "gateway_worker_restarts_total": (),
}
ADDED = {
    "gateway_overrides": ("kind", "subject"),
    "gateway_webhooks_total": ("result",),
    "gateway_store_waiting": (),
    "gateway_store_failures_total": (),
}
"""Beyond the contract's list: it says elsewhere that overrides are listed in metrics, and a webhook that is given up is
to be seen somewhere."""


def test_names_and_labels() -> None:
    """Dashboards and alerts rely on them."""
    assert {metric.name: metric.labels for metric in METRICS} == CONTRACT | ADDED
    assert len(METRICS) == len(CONTRACT) + len(ADDED)


def test_kinds_follow_names() -> None:
    """Counters end in _total, times in _seconds; the rest are gauges."""
    for metric in METRICS:
        kind = "counter" if metric.name.endswith("_total") else "gauge"
        assert metric.kind == ("histogram" if metric.name.endswith("_seconds") else kind)
        assert metric.help
        assert not metric.help.endswith(".")


def test_buckets() -> None:
    """From 1 ms to 300 s, rising."""
    assert (DURATION_BUCKETS[0], DURATION_BUCKETS[-1]) == (0.001, 300.0)
    assert all(low < high for low, high in pairwise(DURATION_BUCKETS))


def test_a_key_is_a_json_list() -> None:
    """As readers of other processes expect it."""
    assert key("gateway_revision") == b'["gateway_revision"]'
    assert key("gateway_attempts_total", "v1", "ok") == b'["gateway_attempts_total","v1","ok"]'


@given(st.sampled_from(METRICS), st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_keys_can_be_read_back(metric: object, labels: list[str]) -> None:
    """Whatever a name in the configuration holds."""
    name = metric[0]  # type: ignore[index]
    assert parse_key(key(name, *labels)) == (name, tuple(labels))
