"""What a worker tells control of: transitions of breakers and changes of pools, as events without who and when."""

from typing import TypedDict

from gateway.core.breaker import State, Transition

_KINDS = {State.OPEN: "breaker_tripped", State.HALF_OPEN: "breaker_probing", State.CLOSED: "breaker_closed"}


class Told(TypedDict):
    """One event."""

    event: str
    subject: str
    why: str
    detail: dict[str, object]


def transition(variant: str, made: Transition, *, now: float) -> Told:
    """A breaker changed its state."""
    detail: dict[str, object] = {"from": made.before.name.lower(), "to": made.after.name.lower()}
    if made.trigger:
        detail |= {"trigger": made.trigger, "row": made.row}
    if made.until is not None:
        detail["retry_in"] = round(made.until - now, 3)
    return Told(event=_KINDS[made.after], subject=f"variant {variant}", why=made.why, detail=detail)


def ejected(variant: str, url: str, *, errors: int, seconds: float) -> Told:
    """An endpoint was taken out of its pool."""
    why = f"{errors} failed attempts in a row, out for {seconds:g} s"
    return Told(event="endpoint_ejected", subject=f"endpoint {url} of {variant}", why=why, detail={"variant": variant})


def returned(variant: str, url: str) -> Told:
    """An endpoint came back into its pool."""
    why = "its time out of the pool is over"
    return Told(event="endpoint_returned", subject=f"endpoint {url} of {variant}", why=why, detail={"variant": variant})
