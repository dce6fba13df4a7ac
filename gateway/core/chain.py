"""The chain of attempts: after each failure of one request, what is next. Knows no endpoint, no clock and no bytes.

1. The same pool again, where `retry` says so, the body can be sent again, the deadline has not come, and the budget of
   retries has room.
2. Else the next variant of the route's fallback, where `fallback.when` names the failure; each is tried once.
3. When nobody is left: a variant that was passed over because its health checks failed is tried after all, if no model
   gave a reply; then the fixed response, where `when` names the last failure; then the last reply that a model gave;
   then an error of the gateway's own.

An error status is charged to its variant's breaker only when another variant did better with the same request, or
when there was no other to ask. If two variants answer with error statuses it is the request, and neither is charged.
Such requests spend a budget; once that is used up, error statuses go to the client at once and are charged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from gateway.core.model import Retry
from gateway.errors import Refusal, refusal

When = str | int
"""A failure as `fallback.when` names it: a word or a status."""

AttemptFailure = Literal["connect", "reset", "timeout", "error", "status", "slow"]
"""No connection; a connection lost before a byte of the reply; too late; a broken reply; a reply whose status is no
answer; let go while it waited, since the breaker opened."""
Obstacle = Literal["open", "unavailable", "disabled", "overload"]
"""Why no attempt was made: the breaker, the health checks, an operator, the concurrency."""


_NONE = Retry(extra=0)


@dataclass(frozen=True, slots=True)
class Failure:
    """What happened to the variant that was asked last."""

    kind: AttemptFailure | Obstacle
    refusal: Refusal
    """What the client is told if it is the end of it and no model gave a reply."""
    status: int = 0
    is_error: bool = False
    """The status is one of the variant's error statuses."""

    def word(self, when: tuple[When, ...]) -> When:
        """Its name in a route's `fallback.when`; a status that is named itself goes before `error`."""
        if self.kind == "status":
            return self.status if self.status in when or not self.is_error else "error"
        return "error" if self.kind == "reset" else self.kind


@dataclass(frozen=True, slots=True)
class Chances:
    """What is possible after a failure."""

    replayable: bool
    """The body is kept whole, or nothing of it was sent."""
    in_time: bool
    """The deadline has not come."""
    retry: Retry = _NONE
    """The settings of the variant that failed."""
    others: bool = False
    """Its pool has an endpoint that this request has not tried."""
    spend: Callable[[], bool] = bool
    """Take one more attempt from the variant's budget, if it has room."""


class Terms(NamedTuple):
    """A route's part in it. `forgive` and `may_forgive` are its budget of requests that every model answers with an
    error status: take one, and ask whether there is room."""

    fallback: tuple[str, ...]
    when: tuple[When, ...]
    has_response: bool
    may_forgive: Callable[[], bool]
    forgive: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """What is next: `retry` in the same pool; `fall_back` to `variant`; `use_all` endpoints of `variant`, healthy or
    not; answer with the route's fixed `response`; `reply` with the last one that a model gave; `refuse`.

    The permits of the variants in `charged` are to be reported as failures now, those in `forgiven` to be released.
    """

    kind: Literal["retry", "fall_back", "use_all", "response", "reply", "refuse"]
    variant: str = ""
    word: When = ""
    refusal: Refusal | None = None
    charged: tuple[str, ...] = ()
    forgiven: tuple[str, ...] = ()


class Chain:
    """The attempts of one request; made at its first failure. `variant` is always the one that was asked last."""

    __slots__ = (
        "_extra",
        "_is_overloaded",
        "_last",
        "_obstacle",
        "_owed",
        "_replied",
        "_spared",
        "_terms",
        "_tried",
        "_uses_all",
        "variant",
    )

    def __init__(self, terms: Terms, variant: str) -> None:
        self._terms = terms
        self.variant = variant
        self._tried = {variant}
        self._extra = 0
        self._owed: tuple[str, ...] = ()
        """Variants whose error status is not charged yet."""
        self._spared: tuple[str, ...] = ()
        """Variants that were passed over for their health."""
        self._uses_all = False
        self._replied = False
        self._is_overloaded = False
        self._last: Refusal | None = None
        self._obstacle = ""
        """What keeps the variant that was asked last from being called."""

    def failed(self, failure: Failure, chances: Chances) -> Step:
        """The variant that was asked last failed: what is next."""
        if self._may_retry(failure, chances):
            self._extra += 1
            return Step("retry", self.variant, failure.kind)
        self._note(failure)
        word = failure.word(self._terms.when)
        if failure.is_error and len(self._owed) == 1 and not self._terms.may_forgive():
            return Step("reply", word=word, charged=self._owed)
        can_go_on = chances.replayable and chances.in_time
        if word in self._terms.when and can_go_on:
            untried = (variant for variant in self._terms.fallback if variant not in self._tried)
            following = next(untried, None)
            if following is not None:
                return self._go("fall_back", following, word)
        if self._spared and can_go_on and not self._replied:
            spared, *rest = self._spared
            self._spared = tuple(rest)
            return self._go("use_all", spared, "unavailable")
        return self._end(word)

    def answered(self) -> tuple[str, ...]:
        """The variant that was asked last gave the answer: who is charged for having done worse."""
        return self._owed

    def left(self) -> tuple[str, ...]:
        """The client left: whose permits are to be released."""
        return self._owed

    def _may_retry(self, failure: Failure, chances: Chances) -> bool:
        retry = chances.retry
        name = failure.status if failure.kind == "status" else failure.kind
        if name not in retry.when or self._extra >= retry.extra or not chances.replayable or not chances.in_time:
            return False
        return (chances.others or failure.kind != "connect") and chances.spend()

    def _note(self, failure: Failure) -> None:
        match failure.kind:
            case "status":
                self._replied = True
                if failure.is_error:
                    self._owed += (self.variant,)
            case "unavailable" if not self._uses_all:
                self._spared += (self.variant,)
                self._obstacle = failure.refusal.message
            case "overload":
                self._is_overloaded = True
            case "open" | "disabled" | "unavailable":
                self._obstacle = failure.refusal.message
            case _:
                self._last = failure.refusal

    def _go(self, kind: Literal["fall_back", "use_all"], variant: str, word: When) -> Step:
        self.variant = variant
        self._tried.add(variant)
        self._extra = 0
        self._uses_all = kind == "use_all"
        return Step(kind, variant, word)

    def _end(self, word: When) -> Step:
        is_the_request = len(self._owed) > 1
        if is_the_request:
            self._terms.forgive()
        return Step(
            self._kind_of_end(word),
            word=word,
            refusal=self._refusal(),
            charged=() if is_the_request else self._owed,
            forgiven=self._owed if is_the_request else (),
        )

    def _kind_of_end(self, word: When) -> Literal["response", "reply", "refuse"]:
        if self._terms.has_response and word in self._terms.when:
            return "response"
        return "reply" if self._replied else "refuse"

    def _refusal(self) -> Refusal:
        """Of the last attempt; without one, why there was none."""
        if self._last is not None:
            return self._last
        if self._is_overloaded:
            return refusal("overloaded", "every variant that may answer has as many requests in flight as it takes")
        why = f": {self._obstacle}" if self._obstacle else ""
        return refusal("no_available_variant", f"no variant that may answer can be called now{why}")


def reason(word: When) -> str:
    """Why another variant, or a fixed response, answers."""
    return f"fallback:{word}"
