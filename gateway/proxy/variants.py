"""A variant as a worker has it: its pool, its counters, and what of its settings each request needs at hand."""

from gateway.core import endpoints, model
from gateway.core.budget import Budget
from gateway.core.decide import CompiledRoute
from gateway.links.board import Board
from gateway.proxy.guards import Guard
from gateway.proxy.heads import field
from gateway.proxy.pool import Pool
from gateway.proxy.tally import Tally


class Variant:
    """One variant's live state in this worker."""

    def __init__(self, settings: model.Variant, pool: Pool, guard: Guard, *, tally: Tally, board: Board) -> None:
        name = settings.name
        self.guard = guard
        self.breaker = guard.breaker
        self.name = name
        self.settings = settings
        self.pool = pool
        self.in_flight = tally.gauge("gateway_in_flight_requests", name)
        self.first_byte = tally.histogram("gateway_first_byte_seconds", name)
        self.duration = tally.histogram("gateway_upstream_duration_seconds", name)
        self.failed = tally.cell("gateway_attempts_total", name, "error")
        self.succeeded = tally.cell("gateway_attempts_total", name, "success")
        self.everywhere = board.cells(tally.key("gateway_in_flight_requests", name))
        """The variant's requests in flight in every worker, as cells of the board."""
        self.removed = frozenset(name.lower().encode() for name in settings.headers.remove) | {
            name.lower().encode() for name, _ in settings.headers.set
        }
        self.added = b"".join(field(name, value) for name, value in settings.headers.set if name.lower() != "host")
        ranges = settings.breaker.error_statuses
        self.error_statuses = frozenset(status for low, high in ranges for status in range(low, high + 1))
        self.wait = min(settings.timeouts.first_byte, settings.timeouts.total)
        """The longest wait for a reply's first byte, in seconds."""
        self.rewrites = settings.path is not None or settings.model is not None
        """The target is not always the client's."""

        self._rests = False
        self._tally = tally
        self._ejected = tally.cells(endpoints.ejected_key(name), endpoints.EJECTED_SIZE, gauge=True)
        self._told: dict[str, memoryview[int]] = {}

    @property
    def is_at_rest(self) -> bool:
        """Whether there is nothing to look at: most variants of a large configuration are not called for hours."""
        return self._rests and not self.guard.is_awake and not self.pool.is_stirred

    def look(self, now: float) -> None:
        """Close connections that were free for too long, and tell how its endpoints are."""
        self.pool.sweep(now)
        self.pool.is_stirred = False
        self.tell()
        self._rests = not (self.guard.is_awake or self.pool.is_busy)

    def tell(self) -> None:
        """Write how its endpoints are, for operators."""
        for place, bits in enumerate(endpoints.bits(self.pool.ejected)):
            self._ejected[place] = bits
        for url, is_used, in_flight in self.pool.told():
            cells = self._told.get(url)
            if cells is None:
                key = endpoints.endpoint_key(self.name, url)
                cells = self._told[url] = self._tally.cells(key, endpoints.SIZE, gauge=True)
            cells[endpoints.IN_FLIGHT] = in_flight
            cells[endpoints.USE] = endpoints.USED if is_used else endpoints.UNUSED

    def is_full(self) -> bool:
        """Whether as many requests are in flight, in all workers, as the variant takes."""
        busy = 0
        for values, index in self.everywhere:
            busy += values[index]
        return busy >= self.settings.concurrency


class Lane:
    """One route toward one variant: the parts of heads that never change, and the series that count it."""

    __slots__ = ("_answers", "_exposed", "_tally", "added", "duration", "failing", "forgiven", "route", "variant")

    def __init__(
        self, route: CompiledRoute, variant: Variant, forgiven: Budget, *, tally: Tally, exposed: bytes | None
    ) -> None:
        self.route = route.name
        self.variant = variant
        self.forgiven = forgiven
        """The route's budget of requests that every model answers with an error status."""
        self.failing = variant.error_statuses.union(
            status for status in route.route.fallback.when if isinstance(status, int)
        )
        """The statuses that are no answer, or are none as long as another variant does better."""
        self._tally = tally
        self.added = b"x-gateway-route: %b\r\nx-gateway-variant: %b\r\n%b" % (
            route.name.encode(),
            variant.name.encode(),
            variant.added,
        )
        self.duration = tally.histogram("gateway_request_duration_seconds", route.name, variant.name)
        self._exposed = exposed
        self._answers: dict[tuple[str, int], tuple[int, bytes]] = {}

    def answer(self, reason: str, status: int) -> tuple[int, bytes]:
        """The counter of such answers, and the fields that tell a client of them."""
        known = self._answers.get((reason, status))
        if known is None:
            cell = self._tally.cell("gateway_requests_total", self.route, self.variant.name, reason, str(status))
            fields = b"" if self._exposed is None else b"%bx-gateway-reason: %b\r\n" % (self._exposed, reason.encode())
            known = self._answers[reason, status] = cell, fields
        return known
