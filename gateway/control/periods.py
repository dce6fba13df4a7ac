"""Periods: when one of a shadow begins, and which one goes on.

It decides that by signatures: a period goes on over restarts, and for all gateways that share a store, until something
changes by which replies differ, or somebody asks to start afresh. It must not know what is counted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from gateway.control.accounts import Accounts, added, settled
from gateway.control.keeping import Keeping
from gateway.control.ledger import Account, Ledger, account, merged, numbers, tally
from gateway.control.naming import GATEWAY
from gateway.control.signatures import Signature, signatures, why
from gateway.core.model import Snapshot
from gateway.core.periods import Pair, Part, Period
from gateway.store.errors import StoreError
from gateway.store.store import Store

Known = tuple[Sequence[Period], Sequence[tuple[Period, Part]]]
"""The newest period of each pair, and what this run has counted."""


class Periods:
    """Those of all pairs. `is_shared`: other gateways may begin periods in the same store."""

    def __init__(
        self,
        ledger: Ledger,
        accounts: Accounts,
        *,
        keeping: Keeping,
        is_shared: bool,
        now: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._keeping = keeping
        self._is_shared = is_shared
        self._now = now
        self._newest: dict[Pair, Period] = {}
        self._is_read = False
        self._untold: dict[Pair, Period] = {}
        """Begun before the store could be read: whether they are new is not known."""

    async def look(self, snapshot: Snapshot) -> list[Period]:
        """What begins by what is in force now."""
        told: list[Period] = []
        if self._is_shared or not self._is_read:
            told += await self._read()
        self._accounts.read()
        for pair, signature in signatures(snapshot):
            told += self._settle(pair, signature)
        return told

    def restart(self, pair: Pair, signature: Signature, *, who: str, why: str) -> Period:
        """Start afresh."""
        self._accounts.read()
        return self._begin(pair, signature, who=who, why=why)

    # ---- by signature

    def _settle(self, pair: Pair, signature: Signature) -> Iterator[Period]:
        account, newest = self._ledger.present(pair), self._newest.get(pair)
        present = account.period if account else None
        is_later = newest is not None and (present is None or newest.id > present.id)
        if newest is not None and is_later and newest.signature == signature:
            self._ledger.begin(newest, self._accounts.numbers(pair))
        elif present is None or present.signature != signature:
            before = present or newest
            reason = why(before.signature if before else None, signature)
            begun = self._begin(pair, signature, who=GATEWAY, why=reason)
            if self._is_read:
                yield begun
            else:
                self._untold[pair] = begun

    def _begin(self, pair: Pair, signature: Signature, *, who: str, why: str) -> Period:
        account, newest, now = self._ledger.present(pair), self._newest.get(pair), self._now()
        earlier = max(account.period.id if account else 0, newest.id if newest else 0)
        number = max(earlier + 1, round(now.timestamp() * 1000))
        period = Period(*pair, number, now, signature, who, why)
        self._ledger.begin(period, self._accounts.numbers(pair))
        return period

    # ---- what the store knows

    async def _read(self) -> list[Period]:
        """Those that turn out to be new."""
        try:
            newest, own = await self._keeping.read(self._ask)
        except StoreError:
            return []  # counted, and told as soon as something is to be kept
        self._newest = {each.pair: each for each in newest}
        if self._is_read:
            return []
        self._is_read = True
        self._resume(own)
        untold, self._untold = self._untold, {}
        return list(self._resolved(untold, {period.pair: (period, part) for period, part in own}))

    def _ask(self, store: Store) -> Known:
        if self._is_read:
            return store.newest_periods(), ()
        if not self._is_shared:
            store.fold_others(self._ledger.run, merged)
        return store.newest_periods(), store.parts_of(self._ledger.run)

    def _resume(self, own: Sequence[tuple[Period, Part]]) -> None:
        """A control that comes back goes on with what the run has counted."""
        known = {each.pair for each, _ in own if self._ledger.present(each.pair) is not None}
        for period, part in own:
            if period.pair not in known:
                self._ledger.add(account(period, part))

    def _resolved(self, untold: Mapping[Pair, Period], own: Mapping[Pair, tuple[Period, Part]]) -> Iterator[Period]:
        for pair, begun in untold.items():
            newest = self._newest.get(pair)
            if newest is None:
                yield begun
                continue
            joined = newest
            if newest.signature != begun.signature:
                reason = why(newest.signature, begun.signature)
                joined = replace(begun, id=max(begun.id, newest.id + 1), why=reason)
                yield joined
            account = self._ledger.join(pair, joined)
            if pair in own:
                _include(account, *own[pair])


def _include(account: Account, period: Period, part: Part) -> None:
    """What the run had counted before must not count twice."""
    if account.period.id == period.id:
        account.base = numbers(part.base)
        account.tally.merge(tally(part))
    else:
        account.base = settled(added(numbers(part.base), numbers(part.counts)))
