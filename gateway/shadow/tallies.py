"""What the comparisons found, on its way to control: counted for each pair in its period, sent in numbered batches.

It decides what is kept while control is away, and what is thrown away when a period ends. A batch is the same one
until control has acknowledged it; what comes meanwhile is added up for the next. It must not know how it is sent.
"""

from collections import deque
from collections.abc import Iterator, Mapping

from gateway.core.judgement import Judgement
from gateway.core.periods import Pair
from gateway.core.tally import Batch, Mismatch, Present, Tally

ROOM = 8 << 20
"""Bytes of all mismatches that wait, but for one that is larger by itself."""
PAIRS = 20
"""Tallies of one batch at most."""
_UNKNOWN = 0
"""The period of a pair for which control has told none yet."""
_NONE = Present(_UNKNOWN)


class Account:
    """What was found of one pair in one period. One that is replaced may still be written to; nobody reads it."""

    def __init__(self, pair: Pair, period: int) -> None:
        self.pair = pair
        self.period = period
        self.noise = 0
        """Noise pairs in this period, as far as this process knows."""
        self.replays = 0
        """Requests that went once more for them, to whatever end."""
        self.size = 0
        """Bytes of the mismatches that wait."""
        self._tally = Tally()
        self._mismatches: deque[tuple[int, Mismatch]] = deque()
        self._has_news = False

    @property
    def newest(self) -> int:
        """Bytes of the newest of them."""
        return self._mismatches[-1][0] if self._mismatches else 0

    @property
    def is_due(self) -> bool:
        """Whether there is something to send, and a period to send it for."""
        return self._has_news and self.period != _UNKNOWN

    def add(self, judgement: Judgement, live_seconds: float, shadow_seconds: float) -> None:
        """One more pair of replies."""
        self._has_news = True
        self._tally.add(judgement, live_seconds, shadow_seconds)

    def add_noise(self, noise: Judgement, shadow: Judgement) -> None:
        """The live variant was asked again; see `Tally.add_noise`."""
        self._has_news = True
        self._tally.add_noise(noise, shadow)
        self.noise += noise.outcome != "ignored"

    def know(self, noise_pairs: int) -> None:
        """So many there are at least, some perhaps from the time of another process."""
        self.noise = max(self.noise, noise_pairs)
        self.replays = max(self.replays, noise_pairs)

    def keep(self, mismatch: Mismatch, *, most: int) -> None:
        """One that is to be shown, among the newest `most`."""
        size = _size(mismatch)
        self._mismatches.append((size, mismatch))
        self.size += size
        while len(self._mismatches) > most:
            self.drop_oldest()

    def drop_oldest(self) -> None:
        """There is no room for so many mismatches."""
        size, _ = self._mismatches.popleft()
        self.size -= size

    def take(self) -> tuple[Tally, list[Mismatch]]:
        """All that waits."""
        tally, mismatches = self._tally, [mismatch for _, mismatch in self._mismatches]
        self._tally, self._mismatches = Tally(), deque()
        self.size = 0
        self._has_news = False
        return tally, mismatches


class Tallies:
    """Those of all pairs. `instance` names this process's life."""

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._accounts: dict[Pair, Account] = {}
        self._number = 0
        self._outstanding: Batch | None = None

    def account(self, pair: Pair) -> Account:
        """Where what is found of a copy that begins now goes."""
        account = self._accounts.get(pair)
        if account is None:
            account = self._accounts[pair] = Account(pair, _UNKNOWN)
        return account

    def keep(self, account: Account, mismatch: Mismatch, *, most: int) -> None:
        """Keep a mismatch of an account; where there is no room, in place of older ones of whoever has the most."""
        if self._accounts.get(account.pair) is not account:
            return
        account.keep(mismatch, most=most)
        while sum(each.size for each in self._accounts.values()) > ROOM:
            largest = max(self._accounts.values(), key=lambda each: each.size)
            if largest.size == largest.newest:
                return
            largest.drop_oldest()

    def tell(self, periods: Mapping[Pair, Present]) -> None:
        """The present period of each pair: what was counted in another one is thrown away."""
        for pair, account in [*self._accounts.items()]:
            period = periods.get(pair, _NONE).period
            if account.period == _UNKNOWN:
                account.period = period
            elif account.period != period:
                del self._accounts[pair]
        for pair, present in periods.items():
            account = self._accounts.setdefault(pair, Account(pair, present.period))
            account.know(present.noise_pairs)

    def forget_all_but(self, pairs: frozenset[Pair]) -> None:
        """No others are configured any more; what is due is still sent."""
        for pair, account in [*self._accounts.items()]:
            if pair not in pairs and not account.is_due:
                del self._accounts[pair]

    @property
    def outstanding(self) -> Batch | None:
        """The batch that was not acknowledged yet, if there is one."""
        return self._outstanding

    def next(self) -> Batch | None:
        """The next batch; None while the last one was not acknowledged, or there is nothing to send."""
        if self._outstanding is not None:
            return None
        self._outstanding = self._gather()
        return self._outstanding

    def rest(self) -> Iterator[Batch]:
        """All that there is, without waiting for acknowledgements: nothing comes after it."""
        while batch := self._gather():
            yield batch

    def _gather(self) -> Batch | None:
        due = [account for account in self._accounts.values() if account.is_due][:PAIRS]
        if not due:
            return None
        self._number += 1
        batch = Batch(self._instance, self._number, {}, [])
        for account in due:
            self._accounts[account.pair] = self._accounts.pop(account.pair)  # the next batch begins with the others
            tally, mismatches = account.take()
            batch.tallies[*account.pair, account.period] = tally
            batch.mismatches.extend((*account.pair, account.period, each) for each in mismatches)
        return batch

    def acknowledge(self, number: int) -> None:
        """Control has that batch."""
        if self._outstanding is not None and self._outstanding.number == number:
            self._outstanding = None


def _size(mismatch: Mismatch) -> int:
    """Bytes, about."""
    messages = (mismatch.asked, mismatch.live, mismatch.shadow)
    fields = sum(len(name) + len(value) + 100 for each in messages for name, value in each.fields)
    return 1000 + fields + sum(len(each.body) for each in messages) + 500 * len(mismatch.differences)
