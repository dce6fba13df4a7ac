"""Watching a variant for a while after a route was switched to it.

It decides when the watch is over, and what speaks for going back. It looks at events, so that a trip is seen however
short it was, and goes on looking while the gateway does not answer. It must not know how one goes back.
"""

import time
from collections.abc import Iterable
from typing import Literal, NamedTuple

from gateway.cli import history, sheet, terminal
from gateway.cli.api import Api, ApiError, Document
from gateway.errors import GatewayError

LOOK = 1.0
"""Seconds between two looks."""
TROUBLE = frozenset({"breaker_tripped", "variant_unavailable"})
_CHANGES = frozenset({"override_set", "override_ended"})


class End(NamedTuple):
    """How a watch ended: the variant did `well`, there was `trouble`, or somebody `changed` the route meanwhile."""

    kind: Literal["well", "trouble", "changed"]
    why: str = ""


class Watch:
    """One watch; made before the switch, so that nothing is missed. GatewayError where events cannot be read."""

    def __init__(self, api: Api, *, route: str, variant: str, seconds: float) -> None:
        self._api = api
        self._route = route
        self._variant = variant
        self._seconds = seconds
        self._seen = self._switched = self._newest()

    def _newest(self) -> int:
        number = history.number(self._api, None)
        if number is None:
            raise GatewayError("nothing can be watched: events cannot be read now")
        return number

    def begin(self) -> None:
        """The switch has been made. Where the gateway cannot say so now, its event is taken for the next one."""
        try:
            self._switched = self._newest()
        except GatewayError:
            self._switched = self._seen + 1

    def run(self) -> End:
        """Returns when it is over."""
        until = time.monotonic() + self._seconds
        while (left := until - time.monotonic()) > 0:
            end = self._look(left)
            if end is not None:
                return end
            time.sleep(min(LOOK, left))
        return self._look(0.0, is_last=True) or End("well")

    def _look(self, left: float, *, is_last: bool = False) -> End | None:
        """What the events since the last look say; while the gateway does not answer, nothing."""
        try:
            events = list(history.after(self._api, self._seen))
            if left and terminal.is_watched():
                terminal.progress(self._line(left))
        except ApiError as error:
            if is_last or error.status not in {0, 502, 503, 504}:
                raise
            terminal.progress(f"{error}; {sheet.length(left)} left")
            return None
        if events:
            self._seen = events[-1]["id"]
        return self._judged(events)

    def _judged(self, events: Iterable[Document]) -> End | None:
        for each in events:
            if each["kind"] in TROUBLE and each["subject"] == f"variant {self._variant}":
                return End("trouble", f"{each['kind'].replace('_', ' ')}: {each['why']}")
            is_later = each["id"] > self._switched
            if is_later and each["kind"] in _CHANGES and each["subject"] == f"route {self._route}":
                return End("changed", f"{each['kind'].replace('_', ' ')} by {each['who']}")
        return None

    def _line(self, left: float) -> str:
        found = self._api.get("status")["variants"][self._variant]
        rates = f"{found['requests_per_second']:.1f} requests/s, {sheet.share(found['error_rate'])} errors"
        return f"watching {self._variant}: {rates}, breaker {found['breaker']['state']}; {sheet.length(left)} left"
