"""A ramp that finds the knee: more users at each step, up to 128, each calling again as soon as it is answered.

locust -f loadtests/load/stress.py --headless --host http://127.0.0.1:8080     GATEWAY_SECONDS=60

Refusals of a gateway that has too much to do are no fault here; an answer by the wrong variant is.
"""

import os
from collections import defaultdict
from dataclasses import asdict
from typing import Any

from locust import LoadTestShape, events

from loadtests.load.knee import Step, find, quantile
from loadtests.load.users import Caller, extra

SECONDS = float(os.environ.get("GATEWAY_SECONDS", "60"))
MOST = 128
COUNT = max(2, min(8, int(SECONDS / 3)))
STEPS = [round(MOST ** (number / (COUNT - 1))) for number in range(COUNT)]
"""Users; with time for eight steps, twice as many at each."""
EACH = SECONDS / COUNT
WARM = 0.25
"""The share of a step that is not counted."""
REFUSALS = ("status 502", "status 503", "status 504", "status 0")

shape_now: list[tuple[int, float]] = []
"""The step that runs, and the time since it began."""
times: dict[int, list[float]] = defaultdict(list)
failed: dict[int, int] = defaultdict(int)
extra.update(may_fail=True, wrong=[])


class Pressing(Caller):
    """Calls without a pause."""


class Ramp(LoadTestShape):
    """One step after the other."""

    def tick(self) -> tuple[int, float] | None:
        """The users of the step that is due; None at the end."""
        now = self.get_run_time()
        step = int(now / EACH)
        if step >= len(STEPS):
            conclude()
            return None
        shape_now[:] = [(step, now - step * EACH)]
        return STEPS[step], max(STEPS)


@events.request.add_listener
def count(response_time: float, exception: Exception | None, **_: Any) -> None:
    """One answer, in the step that runs."""
    if exception is not None and not str(exception).startswith(REFUSALS) and "answered, not" in str(exception):
        extra["wrong"].append(str(exception))
    if shape_now and shape_now[0][1] > EACH * WARM:
        step = shape_now[0][0]
        failed[step] += exception is not None
        if exception is None:
            times[step].append(response_time)


def conclude() -> None:
    """What the steps have shown."""
    steps = [step(number) for number in range(len(STEPS))]
    knee, why = find(steps)
    extra["steps"] = [asdict(each) for each in steps]
    extra["knee"] = None if knee is None else asdict(knee)
    extra["why"] = why


def step(number: int) -> Step:
    """One of them."""
    taken = sorted(times[number])
    total = len(taken) + failed[number]
    rate = len(taken) / (EACH * (1 - WARM))
    bad = failed[number] / total if total else 1.0
    return Step(STEPS[number], rate, quantile(taken, 0.5), quantile(taken, 0.99), bad)
