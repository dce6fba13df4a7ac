"""One copy from its sending to its end: the shadow is asked, its reply compared with the live one, what was found
counted and kept; and perhaps the live variant is asked once more, for the noise.

It decides nothing of how replies are compared, nor of who gets a copy.
"""

from dataclasses import dataclass
from typing import NamedTuple

from gateway.core.compare import judge
from gateway.core.copies import Copy, Observation
from gateway.core.judgement import Judgement
from gateway.core.model import Variant
from gateway.core.tally import Mismatch
from gateway.shadow.errors import UncomparedError
from gateway.shadow.exchange import Clocks, Reply, exchange
from gateway.shadow.noise import Noise, is_noise
from gateway.shadow.pools import Pools
from gateway.shadow.present import Lane, Present
from gateway.shadow.privacy import clean_reply, clean_request, secret_names
from gateway.shadow.records import Records
from gateway.shadow.requests import request
from gateway.shadow.room import Held
from gateway.shadow.tallies import Account, Tallies

_SMALL = 64 << 10
"""Bytes of an error that are read so that its connection may serve again."""


@dataclass(frozen=True, slots=True)
class Work:
    """One copy that is compared: what it needs to its end."""

    copy: Copy
    reply: Observation
    """The live one."""
    lane: Lane
    live: Variant
    account: Account
    held: Held


class Compared(NamedTuple):
    """The shadow's reply, and what was found."""

    shadow: Observation
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Comparing:
    """What it takes."""

    present: Present
    pools: Pools
    tallies: Tallies
    noise: Noise
    records: Records

    async def compare(self, work: Work) -> Compared:
        """The shadow is asked, and its reply compared; UncomparedError where there is none."""
        shadow = await self._ask(work, work.lane.variant)
        return Compared(shadow, judge(work.lane.rules, work.reply, shadow))

    async def follow_up(self, work: Work, found: Compared) -> None:
        """Count and keep what was found, and perhaps ask the live variant again."""
        shadow, judgement = found
        work.account.add(judgement, work.reply.seconds, shadow.seconds)
        self._keep(work, shadow, judgement)
        account, share = work.account, work.lane.shadow.noise
        if judgement.outcome != "ignored" and self.noise.is_wanted(share, account.noise, account.replays):
            await self._replay(work, judgement)

    async def _ask(self, work: Work, variant: Variant) -> Observation:
        """The variant's reply; UncomparedError where there is none to compare."""
        route, settings = work.lane.route, work.lane.shadow
        sent = request(work.copy.asked, route, variant, inspect=self.present.snapshot.limits.inspect_body)

        async def read(reply: Reply) -> Observation:
            if reply.status >= 500:
                await reply.skip(_SMALL)
                raise UncomparedError("error", "status")
            if reply.is_event_stream and route.protocol != "openai":
                raise UncomparedError("ignored", "stream")
            return await reply.whole(settings.max_body, work.held)

        total = variant.timeouts.total if settings.timeout is None else settings.timeout
        return await exchange(self.pools.of(variant), sent, Clocks(variant.timeouts.connect, total), read)

    def _keep(self, work: Work, shadow: Observation, judgement: Judgement) -> None:
        """The pair for who wants to see it, without secrets."""
        settings = work.lane.shadow
        is_shown = judgement.outcome == "mismatched" and settings.keep > 0
        if not is_shown and settings.record is None:
            return
        names = secret_names((work.live, work.lane.variant))
        pair = Mismatch(
            request_id=work.copy.asked.request_id,
            time=work.copy.time,
            live_variant=work.live.name,
            live_version=work.live.version,
            shadow_variant=work.lane.variant.name,
            shadow_version=work.lane.variant.version,
            revision=self.present.snapshot.revision,
            serial=work.copy.serial,
            asked=clean_request(work.copy.asked, names),
            live=clean_reply(work.reply, names),
            shadow=clean_reply(shadow, names),
            differences=judgement.differences,
        )
        if is_shown:
            self.tallies.keep(work.account, pair, most=settings.keep)
        if settings.record is not None:
            self.records.put(settings.record, work.copy.route, pair, judgement)

    async def _replay(self, work: Work, judgement: Judgement) -> None:
        """Ask the live variant again, if it has time; a reply that does not come tells nothing."""
        if not self.noise.has_time(self.present.snapshot, work.live):
            return
        name = work.live.name
        work.account.replays += 1
        self.noise.replays[name] += 1
        try:
            again = await self._ask(work, work.live)
        except UncomparedError:
            return
        finally:
            self.noise.replays[name] -= 1
        if is_noise(again.status, work.reply.status):
            work.account.add_noise(judge(work.lane.rules, work.reply, again), judgement)
