"""The accounts: what callers, models and the gateway counted, held against each other. Pure.

What must hold, exactly where no worker was killed:

- every request ended in an answer, or left by its own will, or lost its connection with its worker;
- answers by route, variant, reason and status are as many as the gateway counted. A worker that is killed may have
  counted an answer that its caller did not get, and at its very end have sent one that it did not count: so the gateway
  may have counted more by as many as lost their connection, and fewer by one for each kill;
- who left was counted as gone or as answered, unless a kill or the reset came before the request was read;
- who was answered well by a variant was answered well by its model, request by request; nobody's request reached a
  model that was never sent; answers that broke off are no more than the models cut;
- what a model received is what the gateway attempted. More: attempts of killed workers, and what was sent again since
  its connection ended without a byte, which the model counts. Fewer: connections that a model's listener dropped
  unread as it closed;
- copies for the shadow that were sampled are compared, ignored, errors or dropped.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loadtests.soak.book import missing
from loadtests.soak.plan import LIVE
from loadtests.soak.seen import Seen, Series, off_by

REACHED = ("success", "error", "timeout", "slow", "cancelled")
OWN = 40
"""Descriptors of a worker that are no connections."""
BACKLOG = 64
"""Connections that a listener may drop unread when it closes."""
DEVIATIONS = 4.5
"""A share may be off by so many standard deviations: about one false alarm in 100,000."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What the others counted."""

    metrics: Mapping[str, float]
    models: Mapping[str, Counter[str]]
    book: bytes
    kills: int
    refusals: int
    versions: Mapping[str, Mapping[str, str]]
    descriptors: int
    """That the workers hold at the end."""
    workers: int
    shadow: Sequence[Mapping[str, Any]]
    """The reports of all periods."""


@dataclass(slots=True)
class Accounts:
    """The outcome."""

    unexplained: int = 0
    """Requests whose fate nobody can explain."""
    lines: list[str] = field(default_factory=list)
    """What was held against what."""
    faults: list[str] = field(default_factory=list)

    def check(self, line: str, unexplained: int) -> None:
        """One comparison, and how many requests it leaves unexplained."""
        self.lines.append(f"{line}: {unexplained or 'none'} unexplained")
        self.unexplained += unexplained

    def demand(self, holds: bool, fault: str) -> None:
        """Something that must hold."""
        if not holds:
            self.faults.append(fault)


def close(seen: Seen, counted: Counted) -> Accounts:
    """Close the accounts."""
    accounts = Accounts()
    _callers(seen, accounts)
    _answers(seen, counted, accounts)
    _requests(seen, counted, accounts)
    _leavers(seen, counted, accounts)
    _models(seen, counted, accounts)
    _shadow(counted, accounts)
    _demands(seen, counted, accounts)
    return accounts


def labelled(metrics: Mapping[str, float], name: str) -> list[tuple[dict[str, str], int]]:
    """A metric's samples."""
    found = []
    for sample, value in metrics.items():
        known, _, rest = sample.partition("{")
        if known == name:
            items = (item.split("=", 1) for item in rest.rstrip("}").replace('"', "").split(",") if "=" in item)
            found.append((dict(items), int(value)))
    return found


def _callers(seen: Seen, accounts: Accounts) -> None:
    ended = seen.answers.total() + seen.killed + seen.left + seen.unexplained_ends
    line = f"{seen.sent:,} sent: {seen.answers.total():,} answered, {seen.left:,} left, {seen.killed:,} lost by kills"
    accounts.check(line, abs(seen.sent - ended) + seen.unexplained_ends)


def _answers(seen: Seen, counted: Counted, accounts: Accounts) -> None:
    gateway = Counter[Series]()
    for labels, value in labelled(counted.metrics, "gateway_requests_total"):
        if labels["route"] != "leavers":
            gateway[Series(labels["route"], labels["variant"], labels["reason"], labels["code"])] += value
    more, fewer = (gateway - seen.answers).total(), (seen.answers - gateway).total()
    line = f"{gateway.total():,} counted by the gateway: {more} more than callers got, {fewer} fewer"
    accounts.check(line, max(0, more - seen.killed) + max(0, fewer - counted.kills))


def _requests(seen: Seen, counted: Counted, accounts: Accounts) -> None:
    wanted = bytes(seen.wanted[: seen.sent])
    good = missing(wanted, counted.book[: seen.sent])
    count = len(wanted) - wanted.count(0)
    accounts.check(f"{count:,} good answers, each with the request that its model answered well", good)
    beyond = counted.book[seen.sent :]
    accounts.check("requests that models got and nobody sent", len(beyond) - beyond.count(0))
    broken = sum(seen.broken.values())
    cut = sum(counted.models[name]["cut"] + counted.models[name]["lie"] for name in LIVE)
    accounts.check(f"{broken:,} answers broke off; models cut {cut:,}", max(0, broken - cut))


def _leavers(seen: Seen, counted: Counted, accounts: Accounts) -> None:
    gone = sum(value for labels, value in labelled(counted.metrics, "gateway_client_disconnects_total"))
    answers = labelled(counted.metrics, "gateway_requests_total")
    served = sum(value for labels, value in answers if labels["route"] == "leavers")
    lost = seen.left - gone - served
    unread = sum(not counted.book[number] for number in seen.leavers)
    line = f"{seen.left:,} left: {gone:,} counted as gone, {served:,} as answered, {lost} neither"
    accounts.check(f"{line}; {unread} reached no model", max(0, lost - seen.left_killed - unread) + max(0, -lost))


def _models(seen: Seen, counted: Counted, accounts: Accounts) -> None:
    for name in LIVE:
        attempts = labelled(counted.metrics, "gateway_attempts_total")
        made = sum(value for labels, value in attempts if labels["variant"] == name and labels["outcome"] in REACHED)
        model = counted.models[name]
        more = model["received"] - model["silent"] - made
        line = f"{name} received {model['received']:,}, {model['silent']:,} of them sent again; {made:,} attempts"
        accounts.check(line, max(0, more - seen.killed) + max(0, -more - BACKLOG * counted.refusals))


def _shadow(counted: Counted, accounts: Accounts) -> None:
    sampled, compared, mismatched = (
        sum(each[name] for each in counted.shadow) for name in ("sampled", "compared", "mismatched")
    )
    ignored = sum(each["ignored"] for each in counted.shadow)
    errors, dropped = (sum(sum(each[name].values()) for each in counted.shadow) for name in ("errors", "dropped"))
    line = f"{sampled:,} copies: {compared:,} compared, {ignored:,} ignored, {errors:,} errors, {dropped:,} dropped"
    accounts.check(line, abs(sampled - compared - ignored - errors - dropped))
    names = ("gateway_shadow_comparisons_total", "gateway_shadow_dropped_total")
    closed = sum(value for name in names for _, value in labelled(counted.metrics, name))
    accounts.check(f"{closed:,} copies in the metrics", abs(sampled - closed))
    accounts.demand(compared > 0, "nothing was compared")
    limited = counted.models["candidate"]["limit"]
    accounts.demand(mismatched <= limited, f"{mismatched} answers differ from the shadow's, {limited} were 429")


def _drawn(seen: Seen, counted: Counted) -> Counter[str]:
    """Which variants the calls without a key were given to, those included whom a fallback answered."""
    drawn = Counter[str]()
    for each, count in seen.answers.items():
        if each.reason == "unkeyed":
            drawn[each.variant] += count
    for labels, count in labelled(counted.metrics, "gateway_fallbacks_total"):
        if labels["route"] == "unkeyed":
            drawn[labels["from"]] += count
    return drawn


def _demands(seen: Seen, counted: Counted, accounts: Accounts) -> None:
    accounts.faults += [f"{what}: {count} times" for what, count in seen.faults.items()]
    for (revision, variant), version in seen.versions.items():
        expected = counted.versions.get(revision, {}).get(variant, version)
        accounts.demand(not variant or version == expected, f"revision {revision} of {variant} is {version}")
    for name, found in (("users", seen.users()), ("unkeyed calls", _drawn(seen, counted))):
        accounts.demand(off_by(found) < DEVIATIONS, f"the {name} are split {dict(found)}")
    flying = sum(value for _, value in labelled(counted.metrics, "gateway_in_flight_requests"))
    accounts.demand(flying == 0, f"{flying} requests are in flight at the end")
    sides = {labels["side"]: value for labels, value in labelled(counted.metrics, "gateway_connections")}
    accounts.demand(sides["client"] == 0, f"{sides['client']} connections of callers are open at the end")
    held = counted.descriptors - sides["upstream"]
    accounts.demand(held <= OWN * counted.workers, f"{held} descriptors that are no connections at the end")
    unrecorded = counted.metrics.get("gateway_unrecorded_series_total", 0)
    accounts.demand(unrecorded == 0, f"{unrecorded} series were not recorded")
