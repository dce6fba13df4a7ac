"""What follows from a request's head alone, remembered with it, since the same heads come again and again.

It decides what may be remembered: the route, the lines toward models, and the decision where nothing else is read for
it. All of it is of one snapshot, and forgotten with it.
"""

from gateway.core.decide import CompiledRoute, Decision


class Known:
    """What one head leads to."""

    __slots__ = ("decision", "lines", "route")

    def __init__(self, route: CompiledRoute, lines: list[bytes]) -> None:
        self.route = route
        self.lines = b"".join(lines)
        """The client's fields as they go to models that have none removed."""
        self.decision: Decision | None = None

    def remember(self, decision: Decision) -> None:
        """Keep the decision, where nothing but the head and the snapshot made it."""
        if self.route.by_head and decision.keyed and decision.cookie is None:
            self.decision = decision
