"""Health checks: the endpoints of variants that set `health` are asked again and again, and workers are told.

It decides when each is asked and what is told of it. Of a name with several addresses one that answers well is enough.
An endpoint begins as healthy; a check that was late because this process was busy does not count (`core.health`).
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from gateway.control.probing import probe
from gateway.core.health import Check, Condition, first_pause, pause
from gateway.core.model import Health as Settings
from gateway.core.model import Snapshot, Variant
from gateway.core.same import same

_LOOK = 0.5
"""Seconds between two looks at which variants there are to be checked."""

Table = dict[str, list[str]]
"""By variant, the endpoints that are not well; a variant without any is left out."""
Changed = Callable[[str, bool, str], Awaitable[None]]


class Checked:
    """One variant's endpoints, by their last checks."""

    def __init__(self, variant: Variant, settings: Settings, before: "Checked | None" = None) -> None:
        self.variant = variant
        self.settings = settings
        known = {} if before is None else before.conditions
        self.conditions: dict[str, Condition] = {
            each.url: known.get(each.url) or Condition() for each in variant.endpoints
        }

    @property
    def unwell(self) -> list[str]:
        """The endpoints that are not well."""
        return [url for url, condition in self.conditions.items() if not condition.is_healthy]

    @property
    def is_available(self) -> bool:
        """Whether one is."""
        return len(self.unwell) < len(self.conditions)

    async def check(self, snapshot: Snapshot, due: float) -> bool:
        """Asks all of them once; whether that changes anything."""
        began = time.monotonic()
        found = await probe(snapshot, self.variant.name, None)
        ended = time.monotonic()
        well = {each.url for each in found.endpoints if not each.problem}
        changed = [
            condition.take(Check(due, began, ended, url in well), self.settings)
            for url, condition in self.conditions.items()
        ]
        return any(changed)


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
    count, path = len(checked.conditions), checked.settings.path
    if checked.is_available:
        return f"{count - len(checked.unwell)} of {count} endpoints answer {path} well again"
    failed = checked.settings.unhealthy_after
    return f"none of {count} endpoints answers {path} well, {failed} times in a row"
