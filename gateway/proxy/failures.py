"""The failures of one request: who answers for them, which reply is kept in case nobody does better, what is next.

What is next is decided by `core.chain`; it is done by the call.
"""

from time import monotonic

from gateway.core.chain import Chain, Chances, Failure, Step, Terms
from gateway.core.decide import CompiledRoute
from gateway.core.permits import Permit
from gateway.proxy.debts import Debts
from gateway.proxy.kept import Kept
from gateway.proxy.runtime import Runtime
from gateway.proxy.variants import Variant


class Failures:
    """Those of one request, made at the first of them: `variant` failed."""

    def __init__(self, runtime: Runtime, route: CompiledRoute, variant: str) -> None:
        self.variant = variant
        """The variant that failed last."""
        self._chain = Chain(_terms(runtime, route, variant), variant)
        self._debts = Debts()
        self._kept: Kept | None = None
        """The last reply that a model gave, where its status was a failure; and why that model was asked."""
        self._kept_reason = ""

    def following(self, variant: str, failure: Failure, chances: Chances) -> Step:
        """That variant, the one asked last, failed: what is next."""
        self.variant = variant
        return self._chain.failed(failure, chances)

    def report(self, variant: Variant, failure: Failure, *, permit: Permit, bit: int) -> None:
        """The variant has been tried: tell its breaker, or owe it that word until it is known whose fault it was."""
        now = monotonic()
        if failure.kind == "status" and failure.is_error:
            self._debts.owe(variant, permit, bit)
        elif failure.kind == "status":
            variant.breaker.success(permit, now)
        elif failure.kind in ("slow", "unavailable"):
            variant.breaker.release(permit)
        else:
            variant.breaker.failure(permit, now, bit)

    def settle(self, step: Step) -> None:
        """What the step says of whose fault it was."""
        self._debts.settle(charged=step.charged, forgiven=step.forgiven)

    def answered(self) -> None:
        """A variant answered: those who were asked before it did worse."""
        self.drop_kept()
        self._debts.charge()

    def forgive(self) -> None:
        """The client is gone, or cannot be served: nobody is to blame."""
        self.drop_kept()
        self._debts.forgive()

    def keep(self, kept: Kept, reason: str) -> None:
        """Keep that reply in place of any other."""
        self.drop_kept()
        self._kept, self._kept_reason = kept, reason

    def take_kept(self) -> tuple[Kept | None, str]:
        """The reply that is kept, if one is, and why its model was asked. It is the caller's now."""
        kept, self._kept = self._kept, None
        return kept, self._kept_reason

    def drop_kept(self) -> None:
        """No reply is kept any more."""
        kept, _ = self.take_kept()
        if kept is not None:
            kept.drop()


def _terms(runtime: Runtime, route: CompiledRoute, variant: str) -> Terms:
    fallback = route.route.fallback
    budget = runtime.lane(route, variant).forgiven
    return Terms(
        route.fallback,
        fallback.when,
        has_response=fallback.response is not None,
        may_forgive=lambda: budget.has_room(monotonic()),
        forgive=lambda: budget.spend(monotonic()),
    )
