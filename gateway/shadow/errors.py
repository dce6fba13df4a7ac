"""Why a copy comes to no comparison."""

from gateway.core.copies import Outcome


class UncomparedError(Exception):
    """There is no reply to compare. `why` is a fixed word, as reports and metrics show it."""

    def __init__(self, outcome: Outcome, why: str) -> None:
        super().__init__(outcome, why)
        self.outcome: Outcome = outcome
        self.why = why
