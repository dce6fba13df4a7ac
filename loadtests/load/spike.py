"""Spikes: a few users, ten times as many at once, a few again, and so on until the time is over.

locust -f loadtests/load/spike.py --headless --host http://127.0.0.1:8080      GATEWAY_SECONDS=60
"""

import os

from locust import LoadTestShape

from loadtests.load.users import Steady

SECONDS = float(os.environ.get("GATEWAY_SECONDS", "60"))
CALM, SPIKE = 5, 50
PERIOD = 12.0
"""Seconds from a spike to the next; it is one for the last third."""


class Regular(Steady):
    """All users are alike."""


class Spikes(LoadTestShape):
    """So many users at each moment."""

    def tick(self) -> tuple[int, float] | None:
        """The users and how many of them start in a second; None at the end."""
        now = self.get_run_time()
        if now > SECONDS:
            return None
        return (SPIKE, SPIKE) if now % PERIOD >= PERIOD * 2 / 3 else (CALM, SPIKE)
