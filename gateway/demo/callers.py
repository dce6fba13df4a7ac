"""The demo's traffic: users who show handwritten digits to the route, one after the other, and know the answers."""

import asyncio
import json
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from gateway.demo.tally import Outcome, Tally

USERS = 5000
GOLD_EVERY = 10
"""Each tenth user is a gold one."""
CALLERS = 8
"""Calls in flight at most: a slow gateway is asked less often, never flooded."""


@dataclass(frozen=True, slots=True)
class Sample:
    """An image of a digit, 64 grey values from 0 to 16, and the digit."""

    image: list[int]
    label: int

    @property
    def body(self) -> dict[str, Any]:
        """The Open Inference Protocol request that shows it."""
        return {"inputs": [{"name": "image", "shape": [1, 64], "datatype": "FP32", "data": self.image}]}


def read_samples(repository: Path) -> list[Sample]:
    """The images no model was trained with."""
    return [Sample(**row) for row in json.loads((repository / "samples.json").read_text())]


class Callers:
    """Users at a bounded rate; whatever they see goes into the tally."""

    def __init__(self, http: aiohttp.ClientSession, url: str, *, samples: list[Sample], tally: Tally) -> None:
        self._http = http
        self._url = url
        self._samples = samples
        self._tally = tally
        self._random = random.Random()

    async def call_for_ever(self, rate: float) -> None:
        """About `rate` calls a second until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(CALLERS):
                group.create_task(self._caller(CALLERS / rate), name="caller")

    async def _caller(self, interval: float) -> None:
        await asyncio.sleep(self._random.uniform(0, interval))
        while True:
            started = time.perf_counter()
            await self.call_once()
            await asyncio.sleep(max(interval - (time.perf_counter() - started), 0))

    async def call_once(self) -> None:
        """One random user shows one random image."""
        number = self._random.randrange(USERS)
        sample = self._random.choice(self._samples)
        headers = {"x-user-id": f"user-{number}", "x-tier": "free" if number % GOLD_EVERY else "gold"}
        started = time.perf_counter()
        try:
            async with self._http.post(self._url, json=sample.body, headers=headers) as reply:
                answer = await reply.json(content_type=None)
            seconds = time.perf_counter() - started
            self._judge(reply, answer, sample=sample, seconds=seconds, headers=headers)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self._tally.fail(str(error) or type(error).__name__)

    def _judge(
        self, reply: aiohttp.ClientResponse, answer: Any, *, sample: Sample, seconds: float, headers: dict[str, str]
    ) -> None:
        if reply.status != 200:
            self._tally.fail(f"status {reply.status}: {str(answer)[:120]}")
            return
        outcome = Outcome(
            user=headers["x-user-id"],
            gold=headers["x-tier"] == "gold",
            variant=reply.headers["x-gateway-variant"],
            seconds=seconds,
            correct=answer["outputs"][0]["data"][0] == sample.label,
        )
        self._tally.add(outcome)
