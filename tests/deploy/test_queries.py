"""The judge of queries, judged: it finds what is wrong and nothing else."""

import pytest

from tests.deploy.queries import faults


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('sum by (route) (rate(gateway_requests_total{code=~"5..", variant=""}[5m]))', []),
        ("histogram_quantile(0.99, sum by (route, le) (rate(gateway_request_duration_seconds_bucket[5m])))", []),
        ('min_over_time(gateway_overrides[1d]) == 1 and gateway_overrides{kind="split_set"} offset 1d', []),
        ('label_replace(gateway_overrides, "variant", "$1", "subject", "(.*)")', []),
        ("gateway_request_total", ["gateway_request_total"]),
        ("gateway_request_duration_seconds", ["gateway_request_duration_seconds"]),
        ('gateway_breaker_state{varient="a"}', ["gateway_breaker_state: varient"]),
        ("sum by (varient) (gateway_breaker_state)", ["grouped by varient"]),
        ("a / on (route) group_left (code) gateway_breaker_state", ["grouped by route", "grouped by code"]),
    ],
)
def test_a_query_may_ask_only_for_what_a_scrape_has(query: str, found: list[str]) -> None:
    assert faults(query) == found
