"""The alert rules: each fires when it should and not before, by Prometheus' own unit tests, on metrics that exist."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.deploy.queries import faults, promtool

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for rule in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"][0]["rules"]
}
PER_MINUTE = 60
"""A counter that rises by so much a minute counts one a second."""


class Case(NamedTuple):
    """Series by name, a value a minute; minutes until it must fire, its labels, and its summary."""

    series: dict[str, str]
    after: int
    labels: dict[str, str]
    summary: str


ROUTE = 'route="fraud"'
HERE = {"job": "gateway", "instance": "a:9090"}
AT = 'job="gateway",instance="a:9090"'
OK = f'gateway_requests_total{{{ROUTE},variant="fraud-3",reason="split",code="200"}}'
OWN = f'gateway_requests_total{{{ROUTE},variant="",reason="no_available_variant",code="503"}}'
FIXED = f'gateway_requests_total{{{ROUTE},variant="",reason="fallback:response",code="200"}}'
TOO_LARGE = f'gateway_requests_total{{{ROUTE},variant="",reason="body_too_large",code="413"}}'
BROKEN = f'gateway_requests_total{{{ROUTE},variant="fraud-3",reason="split",code="500"}}'
STATE = f'gateway_breaker_state{{{AT},variant="fraud-4"}}'
TRIPS = 'gateway_breaker_trips_total{variant="fraud-4",trigger="error_rate"}'
FORCED = f'gateway_overrides{{{AT},kind="breaker_forced",subject="fraud-4"}}'
FALLBACKS = f'gateway_fallbacks_total{{{ROUTE},from="fraud-4",to="fraud-3",reason="error"}}'
SHADOW = f'{ROUTE},variant="fraud-5"'
COMPARED = f'gateway_shadow_comparisons_total{{{SHADOW},outcome="matched"}}'
SHADOW_ERRORS = f'gateway_shadow_comparisons_total{{{SHADOW},outcome="error"}}'
DROPPED = f'gateway_shadow_dropped_total{{{SHADOW},reason="queue"}}'
UNKEYED = f"gateway_unkeyed_requests_total{{{ROUTE}}}"

FIRES = {
    "GatewayAnswersWithErrors": Case(
        {OK: "0+98x60", OWN: "0+2x60"},
        10,
        {"route": "fraud"},
        "Route fraud: 2% of the answers are the gateway's own errors",
    ),
    "GatewayModelErrors": Case(
        {OK: "0+90x60", BROKEN: "0+10x60"}, 15, {"route": "fraud"}, "Route fraud: 10% of the answers are a model's 5xx"
    ),
    "GatewayBreakerOpen": Case(
        {STATE: "0 2+0x20"},
        7,
        {**HERE, "variant": "fraud-4"},
        "Variant fraud-4: its breaker has not closed for 5 minutes",
    ),
    "GatewayBreakerFlaps": Case(
        {TRIPS: "0+1x30"}, 30, {"variant": "fraud-4"}, "Variant fraud-4: its breaker tripped 30 times in half an hour"
    ),
    "GatewayFallsBack": Case(
        {OK: "0+80x60", FALLBACKS: "0+20x60"},
        30,
        {"route": "fraud"},
        "Route fraud: 25% of the calls go to a fallback",
    ),
    "GatewayEndpointsEjected": Case(
        {f'gateway_ejected_endpoints{{{AT},variant="fraud-4"}}': "1x30"},
        16,
        {**HERE, "variant": "fraud-4"},
        "Variant fraud-4: 1 of its endpoints keep failing",
    ),
    "GatewayLosesStickiness": Case(
        {OK: "0+100x90", UNKEYED: "0+80x90"},
        60,
        {"route": "fraud"},
        "Route fraud: 80% of the requests carry no targeting key",
    ),
    "GatewayShadowFails": Case(
        {COMPARED: "0+75x60", SHADOW_ERRORS: "0+25x60"},
        35,
        {"route": "fraud", "variant": "fraud-5"},
        "Shadow fraud-5 of route fraud fails 25% of its copies",
    ),
    "GatewayShadowDrops": Case(
        {COMPARED: "0+50x60", DROPPED: "0+50x60"},
        35,
        {"route": "fraud", "variant": "fraud-5"},
        "Shadow fraud-5 of route fraud: 50% of the copies are dropped",
    ),
    "GatewayAway": Case({f"up{{{AT}}}": "1 0x10"}, 4, HERE, "a:9090 is not scraped"),
    "GatewayWorkersDie": Case(
        {f"gateway_worker_restarts_total{{{AT}}}": "0x9 1x10"},
        10,
        HERE,
        "a:9090: 1 workers ended unasked in 10 minutes",
    ),
    "GatewayReloadRefused": Case(
        {f'gateway_reloads_total{{{AT},result="refused"}}': "0x9 1x10"},
        10,
        {**HERE, "result": "refused"},
        "a:9090: a configuration was refused",
    ),
    "GatewayNotKept": Case(
        {f"gateway_store_waiting{{{AT}}}": "3x10"}, 6, HERE, "a:9090: 3 changes are not in the store"
    ),
    "GatewayOverrideForgotten": Case(
        {f'gateway_overrides{{{AT},kind="split_set",subject="fraud"}}': "1x1500"},
        1450,
        {**HERE, "kind": "split_set", "subject": "fraud"},
        "split_set of fraud is a day old",
    ),
    "GatewayWebhooksGivenUp": Case(
        {f'gateway_webhooks_total{{{AT},result="given_up"}}': "0x59 2x10"},
        60,
        {**HERE, "result": "given_up"},
        "a:9090: 2 events did not reach a webhook",
    ),
    "GatewayRejectsRequests": Case(
        {f'gateway_rejected_requests_total{{{AT},code="bad_request"}}': f"0+{20 * PER_MINUTE}x30"},
        15,
        {"instance": "a:9090", "code": "bad_request"},
        "a:9090 refuses 20 requests a second with bad_request",
    ),
    "GatewayMetricsIncomplete": Case(
        {f"gateway_unrecorded_series_total{{{AT}}}": "7"}, 0, HERE, "a:9090: 7 series found no room"
    ),
}

SILENT = [
    ("GatewayAnswersWithErrors", {OK: "0+100x60", FIXED: "0+50x60", TOO_LARGE: "0+50x60"}, 30),
    ("GatewayAnswersWithErrors", {OK: "0+98x60", OWN: "0+2x60"}, 2),
    ("GatewayModelErrors", {OK: "0+96x60", BROKEN: "0+4x60"}, 30),
    ("GatewayBreakerOpen", {STATE: "0 2x20"}, 5),
    ("GatewayBreakerOpen", {STATE: "1x20"}, 15),
    ("GatewayBreakerOpen", {STATE: "2x2 0x20"}, 8),
    ("GatewayBreakerOpen", {STATE: "2 0 " * 20}, 30),
    ("GatewayBreakerOpen", {STATE: "2x20", FORCED: "1x20"}, 15),
    ("GatewayBreakerFlaps", {TRIPS: "0x10 1x5 2x15"}, 30),
    ("GatewayFallsBack", {OK: "0+95x60", FALLBACKS: "0+5x60"}, 30),
    ("GatewayShadowFails", {COMPARED: "0+95x60", SHADOW_ERRORS: "0+5x60"}, 35),
    ("GatewayShadowDrops", {COMPARED: "0+90x60", DROPPED: "0+10x60"}, 35),
    ("GatewayAway", {f"up{{{AT}}}": "1x10", 'up{job="other",instance="b"}': "0x10"}, 10),
    ("GatewayReloadRefused", {f'gateway_reloads_total{{{AT},result="applied"}}': "0+1x10"}, 10),
    ("GatewayOverrideForgotten", {f'gateway_overrides{{{AT},kind="split_set",subject="fraud"}}': "1x600"}, 600),
    ("GatewayRejectsRequests", {f'gateway_rejected_requests_total{{{AT},code="no_route"}}': "0+6000x30"}, 15),
    ("GatewayMetricsIncomplete", {f"gateway_unrecorded_series_total{{{AT}}}": "0"}, 0),
]


def unit_test(alert: str, series: dict[str, str], after: int, alerts: list[dict[str, Any]]) -> dict[str, Any]:
    """One of Prometheus' rule tests."""
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [{"eval_time": f"{after}m", "alertname": alert, "exp_alerts": alerts}],
    }


def expected(alert: str, case: Case) -> dict[str, Any]:
    rule = RULES[alert]
    annotations = {"summary": case.summary, "description": rule["annotations"]["description"]}
    return {"exp_labels": {**case.labels, **rule["labels"]}, "exp_annotations": annotations}


def run(tests: list[dict[str, Any]], folder: Path) -> None:
    file = folder / "tests.yaml"
    whole = {"rule_files": [str(FOLDER / "alerts.yaml")], "evaluation_interval": "1m", "tests": tests}
    file.write_text(yaml.safe_dump(whole))
    promtool("test", "rules", file)


def test_the_rules_and_the_example_of_a_configuration_are_what_prometheus_takes() -> None:
    promtool("check", "rules", FOLDER / "alerts.yaml")
    promtool("check", "config", FOLDER / "prometheus.yaml")


def test_every_alert_fires_when_it_should_and_says_what_it_is(tmp_path: Path) -> None:
    """With whose labels and in which words."""
    assert FIRES.keys() == RULES.keys()
    run([unit_test(name, case.series, case.after, [expected(name, case)]) for name, case in FIRES.items()], tmp_path)


def test_a_breaker_that_is_half_open_in_between_counts_as_open(tmp_path: Path) -> None:
    """A model that hangs for good: its breaker is half-open at every second look."""
    name = "GatewayBreakerOpen"
    run(
        [unit_test(name, {STATE: "2 1 " * 20}, after, [expected(name, FIRES[name])]) for after in (6, 15, 30)], tmp_path
    )


def test_no_alert_fires_for_less(tmp_path: Path) -> None:
    """Not yet, not for little, not for what somebody decided, not for what callers did wrong."""
    run([unit_test(name, series, after, []) for name, series, after in SILENT], tmp_path)


@pytest.mark.parametrize("name", RULES)
def test_an_alert_asks_only_for_metrics_that_exist(name: str) -> None:
    assert faults(RULES[name]["expr"]) == []


@pytest.mark.parametrize("name", RULES)
def test_an_alert_says_how_urgent_it_is_and_what_to_do(name: str) -> None:
    rule = RULES[name]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"].keys() == {"summary", "description"}
    assert not re.search(r"\{\{", rule["annotations"]["description"])


def test_every_alert_is_documented_with_its_severity_and_with_what_to_do() -> None:
    docs = FOLDER.parents[1] / "docs"
    listed = dict(re.findall(r"^\| `(Gateway\w+)` \| (\w+) \|", (docs / "deployment.md").read_text(), re.MULTILINE))
    assert listed == {name: rule["labels"]["severity"] for name, rule in RULES.items()}
    assert set(re.findall(r"`(Gateway\w+)`", (docs / "incidents.md").read_text())) == RULES.keys()
