"""The dashboard: every query is PromQL, asks for metrics that exist, and finds something where there is traffic."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.queries import SERIES, faults, metrics_of, promtool

DASHBOARD: dict[str, Any] = json.loads((Path(__file__).parents[2] / "deploy" / "grafana" / "gateway.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
VALUES = {"code": "500", "outcome": "mismatched", "le": "+Inf"}
"""The value of a label whose name does not do."""


def plain(query: str) -> str:
    """A query as Grafana sends it."""
    for name, value in {"$__rate_interval": "5m", "$route": ".*", "$variant": ".*"}.items():
        query = query.replace(name, value)
    return query


def scrape() -> Iterator[dict[str, str]]:
    """Every series there is, once, rising; and the gateway's own answers, which have no variant."""
    own_answers = 'gateway_requests_total{route="route",variant="",reason="no_available_variant",code="503"}'
    yield {"series": own_answers, "values": "1+60x20"}
    for name, labels in SERIES.items():
        own = labels | {"le"} if name.endswith("_bucket") else labels
        text = ",".join(f'{label}="{VALUES.get(label, label)}"' for label in sorted(own))
        yield {"series": f"{name}{{{text}}}", "values": "1+60x20"}


def test_every_query_finds_something_where_there_is_traffic(tmp_path: Path) -> None:
    """Prometheus' own unit tests evaluate them on one series of each metric."""
    asked = [*(query for _, query in QUERIES), *(each["expr"] for each in DASHBOARD["annotations"]["list"])]
    tests = [
        {
            "expr": f"vector(1) and on () ({plain(query)})",
            "eval_time": "10m",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
        for query in asked
    ]
    whole = {"tests": [{"interval": "1m", "input_series": list(scrape()), "promql_expr_test": tests}]}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(whole))
    promtool("test", "rules", tmp_path / "tests.yaml")


@pytest.mark.parametrize(("title", "query"), QUERIES)
def test_a_query_asks_only_for_metrics_that_exist(title: str, query: str) -> None:
    assert faults(plain(query)) == [], title


def test_every_metric_is_on_the_dashboard() -> None:
    """Whoever adds one says where it is seen."""
    shown = set[str]().union(*(metrics_of(query) for _, query in QUERIES))
    missing = {name for name in SERIES if not name.endswith(("_count", "_sum"))} - shown
    assert missing == set()


def test_variables_ask_for_labels_that_exist() -> None:
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = variable["definition"].removeprefix("label_values(").removesuffix(")").split(", ")
            assert label in SERIES[metric]


def test_panels_have_titles_and_numbers_of_their_own_and_do_not_overlap() -> None:
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    taken = [cell for panel in DASHBOARD["panels"] for cell in cells(panel["gridPos"])]
    assert len(set(taken)) == len(taken)


def cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    """The grid's cells that a panel takes; it is 24 wide."""
    assert place["x"] + place["w"] <= 24
    for row in range(place["y"], place["y"] + place["h"]):
        for column in range(place["x"], place["x"] + place["w"]):
            yield column, row
