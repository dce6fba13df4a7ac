"""The users: sticky callers of a route, readers of chat streams, uploaders. Each checks every answer.

What they expect is set in the environment, since a locust file has no other way that works with every runner:

    GATEWAY_PATH, GATEWAY_BODY       the route, and a file with the body of its calls
    GATEWAY_SPLIT, GATEWAY_GOLD      stable=90,candidate=10 and the gold users' variant; empty: no such users
    GATEWAY_KEY                      the header with the targeting key (x-user-id)
    GATEWAY_CHAT, GATEWAY_UPLOADS    URLs of a route that streams chat, of one that takes uploads; empty: no such users
    GATEWAY_RESULT                   a file for what was found, as JSON
"""

import itertools
import json
import os
import sys
import zlib
from pathlib import Path
from time import perf_counter
from typing import Any

from locust import FastHttpUser, constant_pacing, events, task

from loadtests.load.judging import Judge, weights

PATH = os.environ.get("GATEWAY_PATH", "/v1/fraud")
KEY = os.environ.get("GATEWAY_KEY", "x-user-id")
GOLD = os.environ.get("GATEWAY_GOLD", "candidate")
CHAT, UPLOADS = os.environ.get("GATEWAY_CHAT", ""), os.environ.get("GATEWAY_UPLOADS", "")
BODY = (
    Path(os.environ["GATEWAY_BODY"]).read_bytes() if "GATEWAY_BODY" in os.environ else b'{"amount": [12.25, 0.5, 3.75]}'
)
GOLD_EVERY = 10
"""Each tenth user is a gold one."""
CALLS = 10
"""After so many another user takes the place."""
PIECE = bytes(range(256)) * 1024
"""An upload: 256 KiB."""
WORDS = [{"role": "user", "content": "What is an egress?"}]

judge = Judge(weights(os.environ.get("GATEWAY_SPLIT", "stable=90,candidate=10")), GOLD)
numbers = itertools.count()
extra: dict[str, Any] = {}
"""More that a locust file has found."""
QUANTILES = {"p50": 0.5, "p99": 0.99, "p999": 0.999}


class Caller(FastHttpUser):
    """One user of the route, and after some calls another one."""

    abstract = True
    connection_timeout = network_timeout = 60.0

    def on_start(self) -> None:
        """A new user."""
        self.become_another()

    def become_another(self) -> None:
        """An id nobody had before."""
        number = next(numbers)
        self.name, self.gold = f"user-{number}", bool(GOLD) and number % GOLD_EVERY == 0
        self.met: str | None = None
        self.calls = 0

    @task
    def call(self) -> None:
        """One call, judged by who answered."""
        fields = {KEY: self.name, "x-tier": "gold" if self.gold else "free", "content-type": "application/json"}
        with self.client.post(PATH, data=BODY, headers=fields, name="call", catch_response=True) as answer:
            if answer.status_code != 200:
                answer.failure(f"status {answer.status_code}")
            else:
                fault, self.met = judge.fault(self.met, answer.headers, gold=self.gold)
                answer.failure(fault) if fault else answer.success()
        self.calls += 1
        if self.calls == CALLS:
            self.become_another()


class Steady(Caller):
    """Ten calls a second, whatever the answers take."""

    abstract = True
    wait_time = constant_pacing(0.1)


class Reader(FastHttpUser):
    """Reads chat streams: the time to the first token, and those between tokens, are entries of their own."""

    abstract = not CHAT
    host = CHAT or None
    wait_time = constant_pacing(1)

    @task
    def read(self) -> None:
        """One stream."""
        body = {"model": "any", "stream": True, "messages": WORDS}
        begun = perf_counter()
        with self.client.post(CHAT, json=body, name="chat: headers", stream=True, catch_response=True) as answer:
            if answer.status_code != 200:
                answer.failure(f"status {answer.status_code}")
                return
            fault = self.tokens(answer.stream, begun)
            answer.failure(fault) if fault else answer.success()

    def tokens(self, stream: Any, last: float) -> str | None:
        """Read it to its end; what is wrong with it, or None."""
        count, begun = 0, last
        while line := stream.readline(b"\n"):
            if not line.startswith(b"data: "):
                continue
            if line.startswith(b"data: [DONE]"):
                self.entry("chat: whole", perf_counter() - begun)
                return None if count else "a stream had no token"
            if b'"error"' in line:
                return f"a stream broke off: {line[:100]!r}"
            now = perf_counter()
            self.entry("chat: between tokens" if count else "chat: first token", now - last)
            count, last = count + 1, now
        return "a stream ended without [DONE]"

    def entry(self, name: str, seconds: float) -> None:
        """One measured time."""
        told = {"request_type": "SSE", "name": name, "response_time": seconds * 1000, "response_length": 0}
        self.environment.events.request.fire(**told, exception=None, context={})


class Uploader(FastHttpUser):
    """Uploads; where the answer tells size and checksum, they must be right."""

    abstract = not UPLOADS
    host = UPLOADS or None
    wait_time = constant_pacing(0.5)

    @task
    def upload(self) -> None:
        """One."""
        fields = {"content-type": "application/octet-stream"}
        with self.client.post(UPLOADS, data=PIECE, headers=fields, name="upload", catch_response=True) as answer:
            fault = self.fault(answer)
            answer.failure(fault) if fault else answer.success()

    @staticmethod
    def fault(answer: Any) -> str | None:
        """What is wrong with it, or None."""
        if answer.status_code != 200:
            return f"status {answer.status_code}"
        try:
            said = json.loads(answer.text)
        except ValueError:
            return None
        told = (said.get("size"), said.get("sum")) if isinstance(said, dict) else (None, None)
        right = told in {(None, None), (len(PIECE), zlib.crc32(PIECE))}
        return None if right else f"the upload came otherwise: {told}"


@events.quitting.add_listener
def close(environment: Any, **_: Any) -> None:
    """Say what was found, and fail when it is not right."""
    failures = environment.stats.total.num_failures
    faults = judge.faults() if judge.met else []
    if failures and not extra.get("may_fail"):
        faults += [
            f"{error.occurrences} times {error.name}: {error.error}" for error in environment.stats.errors.values()
        ]
    faults += [f"moved or misled: {fault}" for fault in extra.get("wrong", [])]
    if not environment.stats.total.num_requests:
        faults.append("nothing was called")
    if "GATEWAY_RESULT" in os.environ:
        Path(os.environ["GATEWAY_RESULT"]).write_text(json.dumps(found(environment, faults)))
    for fault in faults:
        sys.stderr.write(f"wrong: {fault}\n")
    environment.process_exit_code = 1 if faults else 0


def found(environment: Any, faults: list[str]) -> dict[str, Any]:
    """For the summary."""
    entries = {}
    for (name, _), entry in sorted(environment.stats.entries.items()):
        times = {word: entry.get_response_time_percentile(share) for word, share in QUANTILES.items()}
        entries[name] = {"count": entry.num_requests, "failures": entry.num_failures, **times}
    users = {"users": dict(judge.met), "answers": dict(judge.answers), "fallbacks": judge.fallbacks}
    return {"entries": entries, "faults": faults, "split": dict(judge.split), **users, **extra}
