"""What Prometheus reads: the numbers of all slots of the board added up, in the text Prometheus knows.

It decides which series there are from the start, and that an answer is at most a second old. It must not know how
anything is counted.
"""

import asyncio
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from operator import add

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from gateway.core.agreement import newest
from gateway.core.breaker import State
from gateway.core.breaker_cells import RUNS
from gateway.core.breaker_cells import key as cells_key
from gateway.core.endpoints import EJECTED_SIZE, count, ejected_key
from gateway.core.metrics import DURATION_BUCKETS, METRICS, Metric, parse_key
from gateway.core.model import Snapshot
from gateway.core.records import Override
from gateway.links.board import OVERFLOW, Board

FRESH = 1.0
"""Seconds an answer may be given again."""

RELOADS = ("applied", "unchanged", "refused")
COMPARISONS = ("matched", "mismatched", "ignored", "error")
WEBHOOKS = ("arrived", "failed", "given_up")
SIDES = ("client", "upstream")
UNRECORDED = Metric(
    "gateway_unrecorded_series_total", "counter", (), "Series that found no room in shared memory and are not counted"
)
"""The one metric of the board's own: anything but 0 means that other numbers are incomplete."""

_BOUNDS = [*map(floatToGoString, DURATION_BUCKETS), "+Inf"]
_MICRO = 1e-6

Labels = tuple[str, ...]
Series = tuple[Labels, tuple[int, ...]]
Numbers = dict[tuple[str, Labels], tuple[int, ...]]


class BoardCollector(Collector):
    """All metrics as prometheus-client's families. Those nobody counts yet are left out, and the gauges of variants
    that the snapshot in force no longer has."""

    def __init__(self, board: Board, snapshot: Snapshot, overrides: Sequence[Override] = ()) -> None:
        self._board = board
        self._snapshot = snapshot
        self._start = initial(snapshot) | {("gateway_overrides", each.key): (1,) for each in overrides}

    def collect(self) -> Iterator[Family]:
        """Called for each rendering."""
        by_name: dict[str, list[Series]] = {}
        for (name, labels), cells in totals(self._board, self._start).items():
            by_name.setdefault(name, []).append((labels, cells))
        by_name["gateway_breaker_state"] = [((name,), (self._breaker(name),)) for name in self._snapshot.variants]
        by_name["gateway_ejected_endpoints"] = [((name,), (self._ejected(name),)) for name in self._snapshot.variants]
        for metric in (*METRICS, UNRECORDED):
            if series := present(metric, by_name.get(metric.name, []), self._snapshot.variants):
                yield family(metric, series)

    def _breaker(self, variant: str) -> int:
        """The state in force, or what an operator holds it in."""
        forced = self._snapshot.forced.get(variant)
        if forced is not None:
            return State[forced.upper()]
        found = newest(self._board.runs(cells_key(RUNS[0], variant), RUNS[0].size))
        return 0 if found is None else found.state

    def _ejected(self, variant: str) -> int:
        """Each address once, however many workers have ejected it."""
        return count(self._board.runs(ejected_key(variant), EJECTED_SIZE).values())


def present(metric: Metric, series: list[Series], variants: Container[str]) -> list[Series]:
    """Without the gauges of variants that are gone. Their counters stay, as Prometheus wants of counters."""
    if metric.kind != "gauge" or "variant" not in metric.labels:
        return series
    place = metric.labels.index("variant")
    return [each for each in series if each[0][place] in variants]


def initial(snapshot: Snapshot) -> Numbers:
    """What is there before anything happened: each gauge, and the counters whose labels are known."""
    series: Numbers = {("gateway_in_flight_requests", (name,)): (0,) for name in snapshot.variants}
    series |= {("gateway_connections", (side,)): (0,) for side in SIDES}
    for name in snapshot.routes:
        series["gateway_unkeyed_requests_total", (name,)] = (0,)
        series["gateway_client_disconnects_total", (name,)] = (0,)
    series |= _of_shadows(snapshot)
    series |= {("gateway_reloads_total", (result,)): (0,) for result in RELOADS}
    series |= {("gateway_webhooks_total", (result,)): (0,) for result in WEBHOOKS}
    series |= {("gateway_store_waiting", ()): (0,), ("gateway_store_failures_total", ()): (0,)}
    series["gateway_revision", ()] = (snapshot.revision,)
    return series | {("gateway_worker_restarts_total", ()): (0,), (UNRECORDED.name, ()): (0,)}


def _of_shadows(snapshot: Snapshot) -> Numbers:
    return {
        ("gateway_shadow_comparisons_total", (route.name, shadow.variant, outcome)): (0,)
        for route in snapshot.routes.values()
        for shadow in route.shadow
        for outcome in COMPARISONS
    }


def totals(board: Board, start: Numbers) -> Numbers:
    """The sums over all slots, added to where they start."""
    sums = dict(start)
    for _, key, cells in board.read():
        series = _series(key)
        if series is not None:
            known = sums.get(series)
            sums[series] = tuple(map(add, known, cells)) if known else cells
    return sums


@lru_cache(maxsize=1 << 20)
def _series(key: bytes) -> tuple[str, Labels] | None:
    """None for what stands on the board without being a metric."""
    if key == OVERFLOW:
        return UNRECORDED.name, ()
    return parse_key(key) if key.startswith(b'["gateway_') else None


def family(metric: Metric, series: Iterable[Series]) -> Family:
    """One metric with all its series, in a fixed order."""
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, (*counts, microseconds) in sorted(series):
            histogram.add_metric(labels, list(zip(_BOUNDS, accumulate(counts), strict=True)), microseconds * _MICRO)
        return histogram
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    simple = kind(metric.name, metric.help, labels=metric.labels)
    for labels, (value,) in sorted(series):
        simple.add_metric(labels, value)
    return simple


class Exposition:
    """The text of all metrics, rendered at most once a second for each of the two formats. With thousands of routes
    that takes seconds, so it is done in a thread, one at a time; the collector of what is in force is made before."""

    def __init__(self, collector: Callable[[], Collector], now: Callable[[], float] = time.monotonic) -> None:
        self._collector = collector
        self._now = now
        self._rendered: dict[bool, tuple[float, bytes]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def render(self, accept: str) -> tuple[bytes, str]:
        """The text and its content type, for what an `Accept` field asks for."""
        is_open = wants_openmetrics(accept)
        async with self._one_at_a_time:
            asked = self._now()
            made, text = self._rendered.get(is_open, (asked - FRESH, b""))
            if asked - made >= FRESH:
                text = await asyncio.to_thread(
                    openmetrics.generate_latest if is_open else generate_latest, self._collector()
                )
                self._rendered[is_open] = asked, text
        return text, openmetrics.CONTENT_TYPE_LATEST if is_open else CONTENT_TYPE_PLAIN_0_0_4


def wants_openmetrics(accept: str) -> bool:
    """Whether an `Accept` field names OpenMetrics, and not to rule it out."""
    for choice in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in choice.split(";"))
        if kind == "application/openmetrics-text":
            return not any(part.replace(" ", "") in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for part in parameters)
    return False
