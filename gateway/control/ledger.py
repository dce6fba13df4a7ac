"""The ledger: what this run counted in each period, in memory, and what of it is yet to be kept.

It decides what a period begins and ends with, that a batch counts once, and how much may wait while nothing can be
kept. It must not know the store, the board or clocks: it is given numbers and times.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

import orjson

from gateway.control.accounts import Numbers, added, ended, settled, since
from gateway.core.pair_document import document
from gateway.core.periods import PAST, Found, Pair, Part, Period, Saved
from gateway.core.tally import Batch, Mismatch, Shadowed, Tally, TallyData

MOST_BYTES = 64 << 20
"""Of mismatches that wait to be kept; the oldest make room."""
_MOST_OVER = 1_000
"""Periods that are over and wait to be kept."""
_LATE = 2
"""Periods of a pair that take what the shadow process found: the present one and the one before."""


@dataclass(slots=True)
class Account:
    """One period of one pair, as this run counts it."""

    period: Period
    tag: int
    """What the shadow process knows the period by."""
    base: Numbers
    counts: Numbers = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    instance: str = ""
    number: int = 0
    is_kept: bool = False
    """Whether the store has all of it."""

    def count(self, numbers: Numbers) -> None:
        """The run's numbers are these now."""
        counts = since(numbers, self.base)
        if counts != self.counts:
            self.counts, self.is_kept = counts, False

    def add(self, batch: Batch, tally: Tally | None) -> bool:
        """Whether the batch is new here."""
        if batch.instance == self.instance and batch.number <= self.number:
            return False
        self.instance, self.number, self.is_kept = batch.instance, batch.number, False
        if tally is not None:
            self.tally.merge(tally)
        return True

    def part(self, run: str, now: datetime) -> Part:
        """As it is kept."""
        route, variant = self.period.pair
        return Part(
            route,
            variant,
            self.period.id,
            run,
            now,
            counts=dict(self.counts),
            base=dict(self.base),
            tally=dict(self.tally.data()),
            instance=self.instance,
            number=self.number,
        )


def account(period: Period, part: Part, tag: int | None = None) -> Account:
    """Back from what was kept; with its tag from what was left for want of a store."""
    return Account(
        period,
        period.id if tag is None else tag,
        numbers(part.base),
        counts=numbers(part.counts),
        tally=tally(part),
        instance=part.instance,
        number=part.number,
        is_kept=tag is None,
    )


def numbers(kept: Mapping[str, object]) -> Numbers:
    """Back from JSON."""
    return dict(cast(Mapping[str, int], kept))


def tally(part: Part) -> Tally:
    """What its comparisons found."""
    return Tally.of(cast(TallyData, part.tally))


def merged(parts: Iterable[Part]) -> Part:
    """Several parts of one period as one; their runs are over."""
    parts = list(parts)
    counts: Numbers = {}
    whole = Tally()
    for part in parts:
        counts = added(counts, ended(numbers(part.counts)))
        whole.merge(tally(part))
    newest = max(parts, key=lambda part: part.written)
    return replace(newest, run=PAST, counts=counts, base={}, tally=dict(whole.data()), instance="", number=0)


class Ledger:
    """All pairs."""

    def __init__(self, run: str) -> None:
        self.run = run
        self._accounts: dict[Pair, list[Account]] = {}
        self._over: list[Account] = []
        self._saving: list[Account] = []
        self._found: deque[tuple[int, Found]] = deque()
        self._bytes = 0
        self._last = 0

    # ---- periods

    def present(self, pair: Pair) -> Account | None:
        """The period that counts now."""
        accounts = self._accounts.get(pair)
        return accounts[-1] if accounts else None

    def pairs(self) -> tuple[Pair, ...]:
        """Those that have one."""
        return tuple(self._accounts)

    def add(self, account: Account) -> None:
        """One more period of its pair, from here on the present one."""
        pair = account.period.pair
        accounts = [*self._accounts.get(pair, []), account]
        self._accounts[pair] = accounts[-_LATE:]
        self._wait(accounts[:-_LATE])

    def begin(self, period: Period, numbers: Numbers) -> None:
        """What is counted from now on belongs to that period. `numbers` are the run's; what is pending belongs to it
        already, and all of them where it is the run's first period."""
        before = self.present(period.pair)
        base: Numbers = {}
        if before is not None:
            base = settled(numbers)
            before.count(base)
        self.add(Account(period, period.id, base))

    def join(self, pair: Pair, period: Period) -> Account:
        """The present period turns out to be another, such as one that is kept already."""
        account = self._accounts[pair][-1]
        replaced, account.period, account.is_kept = account.period.id, period, False
        own = (*pair, replaced)
        self._found = deque(
            (size, replace(each, period=period.id) if (each.route, each.variant, each.period) == own else each)
            for size, each in self._found
        )
        return account

    def count(self, pair: Pair, numbers: Numbers) -> None:
        """The run's numbers are these now."""
        present = self.present(pair)
        if present is not None:
            present.count(numbers)

    # ---- batches

    def take(self, batch: Batch, *, keep: Mapping[Pair, int], now: datetime) -> None:
        """What the shadow process found; a batch that came before counts nothing."""
        concerned = {*batch.tallies, *((route, variant, tag) for route, variant, tag, _ in batch.mismatches)}
        new = {shadowed: account for shadowed in concerned if (account := self._taking(batch, shadowed)) is not None}
        for route, variant, tag, mismatch in batch.mismatches:
            account = new.get((route, variant, tag))
            if account is not None and keep.get((route, variant)):
                self._keep(account, mismatch, now=now)

    def _taking(self, batch: Batch, shadowed: Shadowed) -> Account | None:
        """The account to which the batch is new, with the batch's tally added."""
        route, variant, tag = shadowed
        found = next((each for each in self._accounts.get((route, variant), []) if each.tag == tag), None)
        return found if found is not None and found.add(batch, batch.tallies.get(shadowed)) else None

    def _keep(self, account: Account, mismatch: Mismatch, *, now: datetime) -> None:
        period = account.period
        self._last = max(self._last + 1, round(now.timestamp() * 1_000_000))
        time = datetime.fromtimestamp(mismatch.time, UTC)
        kept = document(mismatch)
        found = Found(*period.pair, self._last, self.run, period.id, time, mismatch.request_id, kept)
        self._found.append((len(orjson.dumps(kept)), found))
        self._bytes += self._found[-1][0]
        while self._bytes > MOST_BYTES:
            self._bytes -= self._found.popleft()[0]

    # ---- what is to be kept

    def unsaved(self, *, keep: Mapping[Pair, int], now: datetime) -> Saved:
        """All that is to be kept; then `kept` or `not_kept` is told."""
        self._saving = [each for each in self._all() if not each.is_kept]
        self._over = []
        for each in self._saving:
            each.is_kept = True
        found = tuple(each for _, each in self._found)
        return Saved(
            tuple(each.period for each in self._saving),
            tuple(each.part(self.run, now) for each in self._saving),
            found,
            {(each.route, each.variant): keep.get((each.route, each.variant), len(found)) for each in found},
        )

    def kept(self, saved: Saved) -> None:
        """The store has it."""
        numbers = {each.number for each in saved.found}
        self._found = deque(item for item in self._found if item[1].number not in numbers)
        self._bytes = sum(size for size, _ in self._found)

    def not_kept(self) -> None:
        """The store has it not: it waits."""
        for each in self._saving:
            each.is_kept = False
        alive = {id(each) for accounts in self._accounts.values() for each in accounts}
        self._wait([each for each in self._saving if id(each) not in alive])

    def left(self, now: datetime) -> tuple[tuple[Period, Part, int], ...]:
        """What a control that comes back goes on with: of each account its period, its part and its tag."""
        return tuple((each.period, each.part(self.run, now), each.tag) for each in self._all())

    def _all(self) -> Iterator[Account]:
        yield from self._over
        for accounts in self._accounts.values():
            yield from accounts

    def _wait(self, over: list[Account]) -> None:
        self._over = [*self._over, *(each for each in over if not each.is_kept)][-_MOST_OVER:]
