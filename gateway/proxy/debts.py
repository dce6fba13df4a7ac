"""Debts: error statuses that no breaker was told of yet, since it may be the request's fault.

`core.chain` decides whose fault it was; a debt is settled by telling the breaker that the call failed, or nothing.
"""

from time import monotonic

from gateway.core.permits import Permit
from gateway.proxy.variants import Variant


class Debts:
    """Those of one request."""

    def __init__(self) -> None:
        self._owed: dict[str, tuple[Variant, Permit, int]] = {}

    def owe(self, variant: Variant, permit: Permit, bit: int) -> None:
        """One more; `bit` stands for the endpoint."""
        self._owed[variant.name] = variant, permit, bit

    def settle(self, *, charged: tuple[str, ...], forgiven: tuple[str, ...]) -> None:
        """These failed, and those were not to blame."""
        for name in charged:
            variant, permit, bit = self._owed.pop(name)
            variant.breaker.failure(permit, monotonic(), bit)
        for name in forgiven:
            variant, permit, _ = self._owed.pop(name)
            variant.breaker.release(permit)

    def charge(self) -> None:
        """All of them failed."""
        self.settle(charged=tuple(self._owed), forgiven=())

    def forgive(self) -> None:
        """None was to blame."""
        self.settle(charged=(), forgiven=tuple(self._owed))
