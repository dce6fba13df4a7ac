"""Health checks: the endpoints of variants that set `health` are asked again and again, and workers are told.

It decides when each is asked and what is told of it. Each address of a name is one; where the name gives none now,
nothing is said of those that it gave before. An endpoint begins as healthy; a check that was late because this process
was busy does not count (`core.health`).
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping

from gateway.control.probing import probe
from gateway.core.health import Check, Condition, first_pause, pause
from gateway.core.model import Health as Settings
from gateway.core.model import Snapshot, Variant
from gateway.core.same import same

_LOOK = 0.5
"""Seconds between two looks at which variants there are to be checked."""

Table = dict[str, list[str]]
"""By variant, the endpoints that are not well, as `url` or `url#address`; a variant without any is left out."""
Conditions = dict[str, Condition]
Changed = Callable[[str, bool, str], Awaitable[None]]


class Checked:
    """One variant's endpoints, by their last checks."""

    def __init__(self, variant: Variant, settings: Settings, before: "Checked | None" = None) -> None:
        self.variant = variant
        self.settings = settings
        known = {} if before is None else before.conditions
        self.conditions: dict[str, Conditions] = {each.url: known.get(each.url, {}) for each in variant.endpoints}
        """By endpoint and address, which is empty where the endpoint is no name."""

    @property
    def unwell(self) -> list[str]:
        """The addresses that are not well."""
        return [
            f"{url}#{address}" if address else url
            for url, addresses in self.conditions.items()
            for address, condition in addresses.items()
            if not condition.is_healthy
        ]

    @property
    def without(self) -> list[str]:
        """The endpoints all of whose addresses are not."""
        return [url for url, found in self.conditions.items() if found and not _any_healthy(found)]

    @property
    def count(self) -> int:
        """Of the addresses."""
        return sum(map(len, self.conditions.values()))

    @property
    def is_available(self) -> bool:
        """Whether there is one that is not known to be unwell."""
        return not self.count or any(map(_any_healthy, self.conditions.values()))

    async def check(self, snapshot: Snapshot, due: float) -> bool:
        """Asks all of them once; whether that changes anything."""
        began = time.monotonic()
        found = await probe(snapshot, self.variant.name, None)
        ended = time.monotonic()
        before = self.unwell
        for url, known in self.conditions.items():
            asked = [each for each in found.endpoints if each.url == url and each.address is not None]
            answers = {str(each.address): not each.problem for each in asked}
            if answers:
                self.conditions[url] = {address: known.get(address) or Condition() for address in answers}
            for address, passed in answers.items():
                self.conditions[url][address].take(Check(due, began, ended, passed), self.settings)
        return self.unwell != before


def _any_healthy(addresses: Mapping[str, Condition]) -> bool:
    return any(each.is_healthy for each in addresses.values())


class Health:
    """All checks. `present` gives the snapshot in force; `told` gets the whole table at each change, `changed` a
    variant that has lost its last healthy endpoint, or has one again, with a sentence."""

    def __init__(self, present: Callable[[], Snapshot], told: Callable[[Table], None], changed: Changed) -> None:
        self._present = present
        self._told = told
        self._changed = changed
        self._checked: dict[str, Checked] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                self._follow(self._present())
                await asyncio.sleep(_LOOK)
        finally:
            for task in self._tasks.values():
                task.cancel()

    @property
    def table(self) -> Table:
        """What the checks say now."""
        return {name: each.unwell for name, each in self._checked.items() if each.unwell}

    @property
    def unwell(self) -> Table:
        """The endpoints none of whose addresses is well, by their URLs."""
        return {name: each.without for name, each in self._checked.items() if each.without}

    def _follow(self, snapshot: Snapshot) -> None:
        """Variants come, change and go; what is known of an endpoint stays as long as the endpoint does."""
        before = self.table
        wanted = {name: each for name, each in snapshot.variants.items() if each.health is not None}
        for name in self._checked.keys() - wanted.keys():
            self._tasks.pop(name).cancel()
            del self._checked[name]
        for name, variant in wanted.items():
            known = self._checked.get(name)
            if known is None or not same(known.variant, variant):
                self._begin(variant, known)
        if self.table != before:
            self._told(self.table)

    def _begin(self, variant: Variant, known: Checked | None) -> None:
        assert variant.health is not None
        checked = self._checked[variant.name] = Checked(variant, variant.health, known)
        if known is not None:
            self._tasks[variant.name].cancel()
        self._tasks[variant.name] = asyncio.create_task(self._check(checked))

    async def _check(self, checked: Checked) -> None:
        """One variant, again and again."""
        due = time.monotonic() + first_pause(checked.settings.interval, random.random())
        while True:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            was_available = checked.is_available
            if await checked.check(self._present(), due):
                self._told(self.table)
                if checked.is_available != was_available:
                    await self._changed(checked.variant.name, checked.is_available, _sentence(checked))
            due = time.monotonic() + pause(checked.settings.interval, random.random())


def _sentence(checked: Checked) -> str:
    count, path = checked.count, checked.settings.path
    if checked.is_available:
        return f"{count - len(checked.unwell)} of {count} endpoints answer {path} well again"
    failed = checked.settings.unhealthy_after
    return f"none of {count} endpoints answers {path} well, {failed} times in a row"
