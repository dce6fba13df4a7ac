"""Users who come back: each has an id and a tier, and notices when another variant than before answers.

Against any gateway whose route sends gold callers to one variant and splits the rest; what it expects can be set:

    locust -f loadtests/locustfile.py --headless --host http://127.0.0.1:8080 -u 200 -r 50 -t 60s
    GATEWAY_PATH=/v1/fraud GATEWAY_SPLIT=stable=90,candidate=10 GATEWAY_GOLD=candidate   (the defaults)

It fails (exit code 1) on any error, on a user who meets another variant, on a gold user who meets another than the gold
one, and on a share that is further from its weight than chance allows.
"""

import itertools
import json
import math
import os
from collections import Counter
from typing import Any

from locust import FastHttpUser, constant_pacing, events, task

PATH = os.environ.get("GATEWAY_PATH", "/v1/fraud")
GOLD = os.environ.get("GATEWAY_GOLD", "candidate")
WEIGHTS = {
    name: int(weight)
    for name, _, weight in (
        part.partition("=") for part in os.environ.get("GATEWAY_SPLIT", "stable=90,candidate=10").split(",")
    )
}
GOLD_EVERY = 10
"""Each tenth user is a gold one."""
ALLOWED = 4.5
"""Standard deviations a share may be off: about one false alarm in 100,000 runs."""

numbers = itertools.count()
met: Counter[str] = Counter()
"""Users under the split by the variant they met; a user counts once, for the split is over users, not over calls."""


class Caller(FastHttpUser):
    """One user: ten calls a second, then another user takes the place."""

    wait_time = constant_pacing(0.1)

    def on_start(self) -> None:
        """A new user."""
        self.become_another()

    def become_another(self) -> None:
        """An id nobody had before."""
        number = next(numbers)
        self.name, self.gold = f"user-{number}", number % GOLD_EVERY == 0
        self.variant: str | None = None
        self.calls = 0

    @task
    def score(self) -> None:
        """One call, judged by who answered."""
        headers = {"x-user-id": self.name, "x-tier": "gold" if self.gold else "free"}
        body = {"user": {"id": self.name}, "amount": self.calls}
        with self.client.post(PATH, json=body, headers=headers, catch_response=True) as answer:
            fault = self.judge(answer)
            answer.failure(fault) if fault else answer.success()
        self.calls += 1
        if self.calls == 10:
            self.become_another()

    def judge(self, answer: Any) -> str | None:
        """What is wrong with it, or None."""
        if answer.status_code != 200:
            return f"status {answer.status_code}"
        variant = answer.headers.get("x-gateway-variant")
        expected = GOLD if self.gold else self.variant
        if expected and variant != expected:
            return f"{variant} answered, not {expected}"
        if not self.gold and self.variant is None:
            met[variant] += 1
        self.variant = variant
        return None


@events.quitting.add_listener
def compare_shares(environment: Any, **_: Any) -> None:
    """Say how the users were split, and fail when chance does not explain it."""
    users, weights = met.total(), sum(WEIGHTS.values())
    off = {name: deviation(met[name], users, WEIGHTS[name] / weights) for name in WEIGHTS}
    shares = {name: f"{met[name] / max(users, 1):.3f}" for name in WEIGHTS}
    print(f"{users} users under the split: {json.dumps(shares)}")
    unknown = set(met) - set(WEIGHTS)
    if unknown or not users or max(off.values()) > ALLOWED or environment.stats.total.num_failures:
        print(f"failed: {environment.stats.total.num_failures} calls, deviations {off}, unknown variants {unknown}")
        environment.process_exit_code = 1


def deviation(count: int, users: int, share: float) -> float:
    """How many standard deviations a count is off."""
    spread = math.sqrt(users * share * (1 - share))
    return abs(count - users * share) / spread if spread else 0.0
