"""The guards of this worker's variants: each one's breaker and the budget of its retries, on the cells of the board.

They outlive snapshots: what guards a variant is known by the variant's name. It decides when they are looked at; what
they decide is `core.breaker`'s business.
"""

from collections.abc import Callable
from random import random
from typing import NamedTuple

from gateway.core import breaker_cells as at
from gateway.core import budget, model
from gateway.core.breaker import Breaker, State, Transition
from gateway.core.breaker_cells import Cells, Shared, Slot
from gateway.core.budget import Budget
from gateway.links.board import Board
from gateway.proxy.permits import Permits
from gateway.proxy.tally import Tally

_CHANGES = b"breaker changes"
"""The cell that counts the changes of state that a worker made."""
_AFTER = 1.0
"""Seconds beyond its window for which a breaker is looked at after the last call."""
OnTransition = Callable[[str, Transition], None]


class Place(NamedTuple):
    """One worker's, among all: what its guards write in, and find the others' in."""

    board: Board
    tally: Tally
    number: int
    descriptor: int
    """Of the file that permits are locks in."""
    changes: Cells


class Guard:
    """One variant's, in this worker."""

    def __init__(self, variant: model.Variant, place: Place) -> None:
        self.name = variant.name
        self._board = place.board
        own = [place.tally.cells(at.key(run, self.name), run.size, gauge=run.gauge) for run in at.RUNS]
        budget_key = at.key(budget.RUN, self.name)
        self._spent = [place.tally.cells(budget_key, budget.RUN.size)]
        self._permits = Permits(place.descriptor, self.name)
        self._own = Slot(place.number, *own)
        self._busy_until = 0.0
        self.is_awake = True
        """Whether it was busy at the last look."""
        self._slots = [self._own]
        self._everywhere = self._board.cells(budget_key)
        """What a worker names last of a variant it calls; the list grows when others do."""
        self._seen = 0
        self.refresh()
        shared = Shared(self._own, self._slots, place.changes)
        self.breaker = Breaker(variant.breaker, shared, self._permits, draw=random)
        allowance = budget.retries(variant.retry.budget, variant.breaker.window)
        self.retries = Budget(self._spent[0], self._spent, allowance)

    def is_busy(self, now: float) -> bool:
        """Whether there is something to look at: calls not long ago, or a state that time changes."""
        if self.retries.calls:
            self.retries.flush(now)
            self._busy_until = now + self.breaker.settings.window + _AFTER
        return now < self._busy_until or self.breaker.state is not State.CLOSED

    def is_done(self, now: float) -> bool:
        """Whether no call needs it any more: what it knows stands on the board, for one that comes after it."""
        self.is_busy(now)
        return now >= self._busy_until and not self._permits.is_held

    def configure(self, variant: model.Variant, forced: model.Forced | None) -> None:
        """Go by these settings from now on; state and counts stay."""
        if self.breaker.settings != variant.breaker or self.breaker.forced != forced:
            self.breaker.configure(variant.breaker, forced)
        self.retries.allowance = budget.retries(variant.retry.budget, variant.breaker.window)

    def refresh(self) -> None:
        """Find the cells of workers that have called the variant meanwhile. Both lists stay the same ones."""
        if len(self._everywhere) == self._seen:
            return
        self._seen = len(self._everywhere)
        runs = [self._board.runs(at.key(run, self.name), run.size) for run in at.RUNS]
        others = set.intersection(*map(set, runs)) - {slot.number for slot in self._slots}
        self._slots += [Slot(number, *(run[number] for run in runs)) for number in sorted(others)]
        spent = self._board.runs(at.key(budget.RUN, self.name), budget.RUN.size)
        self._spent[1:] = [cells for number, cells in spent.items() if number != self._own.number]


class Forgiven:
    """One route's budget, in this worker."""

    def __init__(self, route: str, place: Place) -> None:
        self._key = f"forgiven {route}".encode()
        self._place = place
        self._all = [place.tally.cells(self._key, budget.RUN.size)]
        self._everywhere = place.board.cells(self._key)
        self._seen = 0
        self.budget = Budget(self._all[0], self._all, budget.FORGIVEN)

    def refresh(self) -> None:
        """Find the cells of workers that have used the route meanwhile."""
        if len(self._everywhere) == self._seen:
            return
        self._seen = len(self._everywhere)
        runs = self._place.board.runs(self._key, budget.RUN.size)
        self._all[1:] = [cells for number, cells in runs.items() if number != self._place.number]


class Guards:
    """All of them, made when they are first asked for, and dropped once nothing needs them any more."""

    def __init__(self, board: Board, tally: Tally, *, number: int, descriptor: int) -> None:
        self._place = Place(board, tally, number, descriptor, tally.cells(_CHANGES, 1))
        self._guards: dict[str, Guard] = {}
        self._forgiven: dict[str, Forgiven] = {}
        self._gone: set[str] = set()
        """Variants with a guard that the snapshot in force does not have."""
        self._all_changes = board.cells(_CHANGES)
        self._known_changes = -1
        self._known_names = -1

    def __len__(self) -> int:
        return len(self._guards)

    def of(self, variant: model.Variant, forced: model.Forced | None) -> Guard:
        """The guard of a variant that comes to life. One that is there goes by the snapshot in force, whoever asks."""
        guard = self._guards.get(variant.name)
        self._gone.discard(variant.name)
        if guard is None:
            guard = Guard(variant, self._place)
            self._guards[variant.name] = guard
            guard.configure(variant, forced)
        return guard

    def forgiven(self, route: str) -> Budget:
        """The budget of a route's requests that every model answers with an error status."""
        known = self._forgiven.get(route)
        if known is None:
            known = self._forgiven[route] = Forgiven(route, self._place)
        return known.budget

    def force(self, snapshot: model.Snapshot) -> None:
        """That snapshot is in force: what operators hold its breakers in, and what it does not have."""
        for name, guard in self._guards.items():
            if name in snapshot.variants:
                guard.configure(snapshot.variants[name], snapshot.forced.get(name))
        self._gone = self._guards.keys() - snapshot.variants.keys()
        for route in self._forgiven.keys() - snapshot.routes.keys():
            del self._forgiven[route]

    def tick(self, now: float, told: OnTransition) -> None:
        """Look at the clock and at the other workers. Who has come to call a variant is known before it is asked
        whether anything changed: the first calls of another worker may be the ones that trip it."""
        self._refresh()
        self._drop(now)
        everyone = self._has_changed()
        for name, guard in self._guards.items():
            guard.is_awake = guard.is_busy(now)
            if everyone or guard.is_awake:
                for transition in guard.breaker.tick(now):
                    told(name, transition)
        for each in self._forgiven.values():
            each.budget.flush(now)

    def _has_changed(self) -> bool:
        """Whether any breaker changed its state, in any worker: then those that rest here are to know as well."""
        total = sum(values[index] for values, index in self._all_changes)
        known, self._known_changes = self._known_changes, total
        return total != known

    def _drop(self, now: float) -> None:
        for name in [name for name in self._gone if self._guards[name].is_done(now)]:
            self._gone.remove(name)
            del self._guards[name]

    def _refresh(self) -> None:
        """Find what other workers have come to use meanwhile."""
        board = self._place.board
        board.cells(_CHANGES)
        before, self._known_names = self._known_names, board.known
        if before == self._known_names:
            return
        for guard in self._guards.values():
            guard.refresh()
        for each in self._forgiven.values():
            each.refresh()
