"""The status: what is in force and how it goes, for operators.

It decides what is read when, and puts together what is known. It must not know how workers, the file and the store are
looked after: it is told.
"""

import asyncio
import time
from array import array
from collections.abc import Awaitable, Callable, Collection, Mapping, Set
from itertools import repeat
from operator import sub
from threading import Lock

from gateway.admin.operations import (
    BreakerStatus,
    Endpoint,
    FileStatus,
    RouteStatus,
    Status,
    VariantStatus,
    WorkerStatus,
)
from gateway.control.breakers import Breakers
from gateway.control.gauging import Gauges, Reading
from gateway.control.rates import Rise, Samples, Span, share
from gateway.core.assignment import remaining
from gateway.core.decide import fallback
from gateway.core.model import Route, Snapshot, Split, Variant
from gateway.core.quantiles import latency
from gateway.core.records import Override
from gateway.links.board import Board

RATES_OVER = 10.0
"""Seconds that rates are of."""
LATENCY_OVER = 60.0
"""Seconds that quantiles are of."""
READ_EVERY = 1.0
_LATENCY_EVERY = 5
"""Readings between two of the histograms: they are large."""

Unwell = Mapping[str, Collection[str]]
"""By variant, the endpoints that health checks find unwell, by their URLs."""

Histograms = list["array[int]"]
_NOTHING = array("q")
_NO_RATES = Span(0.0, Reading(_NOTHING, _NOTHING, _NOTHING), Reading(_NOTHING, _NOTHING, _NOTHING))


class Observer:
    """Reads the board once a second, in a thread, since thousands of variants take a while; so `board` is a view of its
    own."""

    def __init__(
        self,
        board: Board,
        breakers: Breakers,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._gauges = Gauges(board)
        self._breakers = breakers
        self._now = now
        self._sleep = sleep
        self._readings = 0
        self._rates = Samples[Reading](RATES_OVER)
        self._latencies = Samples[Histograms](LATENCY_OVER)
        self._one_at_a_time = Lock()

    async def run(self) -> None:
        """Reads, until cancelled."""
        while True:
            await asyncio.to_thread(self.read)
            await self._sleep(READ_EVERY)

    def read(self) -> None:
        """One reading."""
        gauges, now = self._gauges, self._now()
        gauges.refresh()
        self._rates.add(now, gauges.reading())
        if self._readings % _LATENCY_EVERY == 0:
            span = self._latencies.span()
            self._latencies.add(now, gauges.durations.histograms(span.after if span else ()))
        self._readings += 1

    def status(  # noqa: PLR0913 - all that a status holds and is not read here
        self,
        snapshot: Snapshot,
        *,
        revision: int,
        file: FileStatus,
        kept: bool,
        overrides: tuple[Override, ...],
        workers: tuple[WorkerStatus, ...],
        unwell: Unwell,
    ) -> Status:
        """Everything at a glance; `snapshot` is what is in force. Any thread may ask."""
        rates = self._rates.span() or _NO_RATES
        requests = Rise(rates.seconds, rates.before.requests, rates.after.requests)
        latencies = self._latencies.span()
        variants = _Variants(self._gauges, rates, latencies.before if latencies else [])
        with self._one_at_a_time:  # a view of the board is one thread's
            breakers = {name: self._breakers.status(snapshot, name) for name in snapshot.variants}
        return Status(
            revision=revision,
            file=file,
            kept=kept,
            overrides=overrides,
            routes={name: self._route(snapshot, name, requests) for name in snapshot.routes},
            variants={
                name: variants.status(
                    each,
                    enabled=name not in snapshot.disabled,
                    breaker=breakers[name],
                    unwell=unwell.get(name, ()),
                )
                for name, each in snapshot.variants.items()
            },
            workers=workers,
        )

    def _route(self, snapshot: Snapshot, name: str, requests: Rise) -> RouteStatus:
        route, disabled = snapshot.routes[name], snapshot.disabled
        left = remaining(route.split, disabled)
        return RouteStatus(
            split={variant: left.get(variant, 0) for variant in route.split},
            fallback=_fallback(route, left, disabled),
            requests_per_second=requests.per_second(self._gauges.requests.places.get(name)),
            shadows=tuple(shadow.variant for shadow in route.shadow),
        )


class _Variants:
    """All variants: their rates between two readings, and their durations since those of `before`."""

    def __init__(self, gauges: Gauges, rates: Span[Reading], before: Histograms) -> None:
        self._gauges = gauges
        self._ended = Rise(rates.seconds, rates.before.ended, rates.after.ended)
        self._failed = Rise(rates.seconds, rates.before.failed, rates.after.failed)
        self._before = before

    def status(
        self, variant: Variant, *, enabled: bool, breaker: BreakerStatus, unwell: Collection[str]
    ) -> VariantStatus:
        """One of them; `unwell` also of what no worker has used yet."""
        gauges, name = self._gauges, variant.name
        ended, failed = gauges.ended.places.get(name), gauges.failed.places.get(name)
        return VariantStatus(
            version=variant.version,
            enabled=enabled,
            in_flight=gauges.in_flight.total(name),
            requests_per_second=self._ended.per_second(ended),
            error_rate=share(self._failed.at(failed), self._ended.at(ended)),
            latency=self._latency(name),
            breaker=breaker,
            endpoints=tuple(self._endpoint(name, each.url, unwell=unwell) for each in variant.endpoints),
        )

    def _endpoint(self, variant: str, url: str, *, unwell: Collection[str]) -> Endpoint:
        is_used, in_flight = self._gauges.endpoint(variant, url)
        return Endpoint(url, is_used and url not in unwell, in_flight)

    def _latency(self, name: str) -> dict[str, float]:
        """Up to now, so that a call is seen at once."""
        present = self._gauges.durations.histogram(name)
        if present is None:
            return {}
        place = self._gauges.durations.places[name]
        before = self._before[place] if place < len(self._before) else repeat(0)
        return latency(tuple(map(sub, present, before)))


def _fallback(route: Route, left: Split, disabled: Set[str]) -> tuple[str, ...]:
    """Who helps where a variant cannot: nobody helps the only one that anybody is sent to. `left` is the split without
    its disabled variants."""
    named = fallback(route, disabled)
    asked = {name for name, weight in left.items() if weight}
    is_alone = route.fallback.variants is None and not route.rules and asked == set(named)
    return () if is_alone else named
