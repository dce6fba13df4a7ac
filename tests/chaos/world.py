"""A gateway with many pairs of models, `bad` with `good` as its fallback, and callers who count what they get."""

import http.client
import os
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import orjson

from tests.support.faulty import Faulty
from tests.support.gateway import Config, Gateway

PATIENCE = 30.0
SLOW_AFTER, OPEN_FOR = 0.5, 1.0
SLACK = 1.0
"""Seconds that a machine may be late which is busy with other things."""
SETTLED = 0.25
"""Seconds after a change of a breaker's state within which every worker goes by it."""
BREAKER = {"slow_after": "500ms", "open_for": "1s", "max_open_for": "1s"}
PATIENT = {"bad": {"breaker": {**BREAKER, "slow_after": "5s"}}}
"""Where nobody is slow on purpose: a busy machine may hold up the models, which are threads of the callers' process,
for longer than half a second, and a breaker is right to open then."""
EJECTS = {"ejection": {"consecutive_errors": 2, "for": "2s"}}
UNGUARDED = {"breaker": {"mode": "disabled"}, "retry": {"extra": 3, "when": [503]}}
ALONE = {"fallback": {"variants": []}}
SPIKES = ("500", "reset", "close", "garbage", "cut", "hang", "refuse")

SCENES: dict[str, Config] = {
    **{f"spike-{mode}": {} for mode in SPIKES},
    "zero": {},
    "probes": {},
    "recovery": {},
    "quiet": {},
    "leaving": PATIENT,
    "uploads": {},
    "readers": {"bad": {"breaker": BREAKER, "timeouts": {"idle": "300ms"}}},
    "client-errors": PATIENT,
    "caller": PATIENT,
    "reloads": {},
    "forced": {},
    "slower": {},
    "storm": {"bad": {"retry": {"extra": 3, "when": [503]}}},
    "down": {},
    "last-reply": {},
    "last-large": {},
    "last-refused": {},
    "fixed": {"route": {"fallback": {"variants": ["fixed-good"], "response": {"status": 200, "body": "fixed"}}}},
    "keeps-body": {"route": {"replay_body": "1KiB"}},
    "limited": {**PATIENT, "route": {"protocol": "openai"}},
    "unfit": {"route": {"protocol": "openai"}, "bad": {"model": "llama"}},
    "full": {"bad": {"breaker": BREAKER, "concurrency": 1}},
    "full-alone": {"bad": {"breaker": BREAKER, "concurrency": 1}, "route": ALONE},
    "everyday": PATIENT,
    "retries": {"bad": {"breaker": BREAKER, "retry": {"extra": 1, "when": [503], "budget": "20%"}}},
    "two": {"both": True, "bad": EJECTS, "route": ALONE},
    "two-busy": {"both": True, "route": ALONE},
    "two-dead": {"both": True, "bad": EJECTS, "route": ALONE},
    "two-failing": {"both": True, "bad": {"ejection": {"for": "30s"}}, "route": ALONE},
    "two-hang": {"both": True, "bad": {**EJECTS, "timeouts": {"first_byte": "1s"}}, "route": ALONE},
    "too-slow": {},
    "mostly-slow": {},
    "reloads-probe": PATIENT,
    "reloads-move": {},
    "storm-unguarded": {"bad": UNGUARDED},
    "leavers-probe": {},
}
"""By name: what differs from the usual settings of `bad` and of the route; with `both` the two models are endpoints of
`bad`, and nobody else answers unless `good` does."""

IS_FULL = os.environ.get("GATEWAY_CHAOS") == "full"
"""Whether these are the long forms, by `make chaos`."""


def sized(usual: int, full: int) -> int:
    """How many."""
    return full if IS_FULL else usual


REACHED = ("success", "error", "timeout", "slow")
"""Outcomes of attempts that came to a model, unless a connection breaks at that moment."""


class Answer(NamedTuple):
    """What a caller got."""

    status: int
    body: bytes
    variant: str
    reason: str
    waited: float
    fields: dict[str, str]

    @property
    def series(self) -> tuple[str, str, str]:
        """Where it is counted."""
        return self.variant, self.reason, str(self.status)


@dataclass
class Pair:
    """Two models, the callers' way to them, and what the callers got."""

    name: str
    gateway: Gateway
    bad: Faulty
    good: Faulty
    answers: list[Answer] = field(default_factory=list)

    @property
    def counted(self) -> Counter[tuple[str, str, str]]:
        """The answers by variant, reason and status."""
        return Counter(answer.series for answer in self.answers)

    def ask(self, client: http.client.HTTPConnection, *, body: bytes = b"abc", **fields: str) -> Answer:
        """One call; underscores of a field's name stand for dashes."""
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        begun = time.monotonic()
        client.request("POST", f"/{self.name}", body=body, headers=named)
        reply = client.getresponse()
        text = reply.read()
        told = {name.lower(): value for name, value in reply.getheaders()}
        variant, reason = told.get("x-gateway-variant", ""), told["x-gateway-reason"]
        answer = Answer(reply.status, text, variant, reason, time.monotonic() - begun, told)
        self.answers.append(answer)
        return answer

    def connect(self) -> http.client.HTTPConnection:
        """One caller's connection, which lasts."""
        return http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=PATIENCE)

    def calls(self, count: int, *, body: bytes = b"abc", **fields: str) -> list[Answer]:
        """So many calls, one after the other, over one connection."""
        client = self.connect()
        try:
            return [self.ask(client, body=body, **fields) for _ in range(count)]
        finally:
            client.close()

    def crowd(
        self,
        count: int,
        *,
        clients: int,
        each: Callable[[int], object] = bool,
        fault: Callable[[int], str] = lambda _: "",
    ) -> list[Answer]:
        """So many calls by that many callers at the same time; `each` is told the number of every call before it, and
        `fault` gives what the model is to do with it."""
        numbers = iter(range(count))
        lock = threading.Lock()
        answers: list[Answer] = []

        def caller() -> None:
            client = self.connect()
            while (number := _next(numbers, lock)) is not None:
                each(number)
                wanted = fault(number)
                answers.append(self.ask(client, **({"x_fault": wanted} if wanted else {})))
            client.close()

        threads = [threading.Thread(target=caller) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE * 2)
        assert len(answers) == count, "a caller got no answer"
        return answers

    def trip(self) -> None:
        """Have its breaker opened, by a model that answers 500."""
        self.bad.turn("500")
        self.wait_state(2, ask=True)

    def wait_state(self, *wanted: int, within: float = 10.0, ask: bool = False) -> None:
        """Until its breaker is in one of these states; with `ask` by calls."""
        give_up = time.monotonic() + within
        while self.state not in wanted:
            assert time.monotonic() < give_up, f"{self.name}: the breaker is in {self.state}, not in {wanted}"
            if ask:
                self.calls(4)
            time.sleep(0.02)

    @property
    def state(self) -> int:
        """Of its breaker: 0 closed, 1 half_open, 2 open; as the admin side tells it now."""
        shown = get(self.gateway, "/api/v1/status")["variants"][f"{self.name}-bad"]["breaker"]["state"]
        return ("closed", "half_open", "open").index(shown)

    def sums(self, metric: str, *labels: str) -> Counter[tuple[str, ...]]:
        """One metric of this route, or of both its variants, by these labels."""
        found = Counter[tuple[str, ...]]()
        for sample, value in self.gateway.metrics().items():
            name, _, rest = sample.partition("{")
            told = dict(item.split("=", 1) for item in rest.rstrip("}").replace('"', "").split(",") if "=" in item)
            owner = told.get("route", told.get("variant", "").rpartition("-")[0])
            if name == metric and owner == self.name and value:
                found[tuple(told[label] for label in labels)] += int(value)
        return found

    def attempts(self, variant: str, *outcomes: str) -> int:
        """Of one variant, with one of these outcomes, or however they ended."""
        found = self.sums("gateway_attempts_total", "variant", "outcome")
        wanted = [(name, outcome) for name, outcome in found if name == f"{self.name}-{variant}"]
        return sum(found[each] for each in wanted if not outcomes or each[1] in outcomes)

    def trips(self) -> Counter[str]:
        """Of `bad`, by trigger."""
        found = self.sums("gateway_breaker_trips_total", "trigger")
        return Counter({trigger: count for (trigger,), count in found.items()})

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What was told of `bad`."""
        items: list[dict[str, Any]] = []
        page = get(self.gateway, "/api/v1/events?since=0")
        while page["items"]:
            items += page["items"]
            page = get(self.gateway, f"/api/v1/events?since={page['next']}")
        return [one for one in items if one["kind"] == kind and one["subject"] == f"variant {self.name}-bad"]

    def numbers_are_true(self, *, by_word: bool = True) -> None:
        """What was counted is soon exactly what callers, models and events say; `by_word` the fallbacks too, where
        `good` answers every call that comes to it."""
        eventually(lambda: self.sums("gateway_requests_total", "variant", "reason", "code"), self.counted)
        words = [reason.partition(":")[2] for _, reason, _ in self.counted.elements() if reason.startswith("fallback:")]
        if by_word:
            eventually(lambda: self.sums("gateway_fallbacks_total", "reason"), Counter((word,) for word in words))
        eventually(lambda: self.attempts("good", *REACHED), self.good.total)
        eventually(lambda: sum(self.trips().values()), len(self.events("breaker_tripped")))
        eventually(lambda: sum(self.sums("gateway_in_flight_requests", "variant").values()), 0)


def eventually(look: Callable[[], object], wanted: object, *, within: float = 5.0) -> None:
    """A scrape may be a second old."""
    give_up = time.monotonic() + within
    while (seen := look()) != wanted:
        assert time.monotonic() < give_up, f"{seen} is not {wanted}"
        time.sleep(0.1)


def get(gateway: Gateway, path: str) -> Any:
    """A document of the admin side."""
    with urllib.request.urlopen(f"http://127.0.0.1:{gateway.admin_port}{path}", timeout=10) as answer:
        return orjson.loads(answer.read())


def put(gateway: Gateway, path: str, document: object) -> Any:
    """Tell the admin side something."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{gateway.admin_port}{path}",
        data=orjson.dumps(document),
        method="PUT",
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return orjson.loads(answer.read())


class World:
    """The gateway and all pairs of models."""

    def __init__(self, *, workers: int, scenes: dict[str, Config] = SCENES) -> None:
        self._stack = ExitStack()
        self._workers = workers
        self._scenes = scenes

    def __enter__(self) -> Self:
        models = {
            f"{name}-{each}": self._stack.enter_context(Faulty(each))
            for name in self._scenes
            for each in ("bad", "good")
        }
        self.settings = _settings(self._scenes, models, workers=self._workers)
        self.gateway = self._stack.enter_context(Gateway(self.settings))
        self._pairs = {
            name: Pair(name, self.gateway, models[f"{name}-bad"], models[f"{name}-good"]) for name in self._scenes
        }
        return self

    def __exit__(self, *error: object) -> None:
        lost = self.gateway.total("gateway_worker_restarts_total")
        self._stack.__exit__(*error)  # type: ignore[arg-type]
        assert lost == 0, "a worker was lost"

    def pair(self, name: str) -> Pair:
        """That one's models; each test has its own."""
        return self._pairs[name]


def _settings(scenes: dict[str, Config], models: dict[str, Faulty], *, workers: int) -> Config:
    variants: Config = {}
    routes: Config = {}
    for name, scene in scenes.items():
        bad, good = f"{name}-bad", f"{name}-good"
        endpoints = [models[each].url for each in (bad, good)[: 2 if "both" in scene else 1]]
        variants[bad] = {"endpoints": endpoints, "breaker": BREAKER, **scene.get("bad", {})}
        variants[good] = {"endpoints": [models[good].url]}
        fallback = {"variants": [good]}
        routes[name] = {
            "match": {"path": f"/{name}"},
            "split": {bad: 1},
            "fallback": fallback,
            **scene.get("route", {}),
        }
    return {"workers": workers, "variants": variants, "routes": routes}


def _next(numbers: Iterator[int], lock: threading.Lock) -> int | None:
    with lock:
        return next(numbers, None)
