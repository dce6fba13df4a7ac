"""Health: what checks of an endpoint say of it, and when the next one is due. Sends nothing.

An endpoint begins as healthy. A check that failed while the gateway itself was late does not count: it may have been
the gateway's fault.
"""

from typing import NamedTuple

from gateway.core import model

_JITTER = 0.1
"""The pause between two checks varies by this share either way, so that gateways do not beat in time."""
_SLACK = 0.25
"""The share of a check's timeout by which the gateway may be late."""


class Check(NamedTuple):
    """One check, in seconds of one clock: when it was due, when it began, when its end was seen."""

    due: float
    began: float
    ended: float
    passed: bool

    def counts(self, settings: model.Health) -> bool:
        """Whether it says anything of the endpoint."""
        slack = settings.timeout * _SLACK
        on_time = self.began - self.due <= slack and self.ended - self.began <= settings.timeout + slack
        return self.passed or on_time


class Condition:
    """An endpoint's, by its last checks."""

    __slots__ = ("_against", "is_healthy")

    def __init__(self) -> None:
        self.is_healthy = True
        self._against = 0
        """Checks in a row that contradict it."""

    def take(self, check: Check, settings: model.Health) -> bool:
        """Whether the check changes it."""
        if not check.counts(settings):
            return False
        if check.passed == self.is_healthy:
            self._against = 0
            return False
        self._against += 1
        if self._against < (settings.unhealthy_after if self.is_healthy else settings.healthy_after):
            return False
        self.is_healthy = check.passed
        self._against = 0
        return True


def first_pause(interval: float, draw: float) -> float:
    """Seconds to the first check: anywhere within an interval. `draw` is a random number in [0, 1)."""
    return interval * draw


def pause(interval: float, draw: float) -> float:
    """Seconds from one check to the next."""
    return interval * (1 - _JITTER + 2 * _JITTER * draw)
