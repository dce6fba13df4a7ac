"""Probes by copies: a request that a broken variant is tried with, at no caller's expense.

It decides what counts as a good answer: a reply of 2xx that begins in time and does not break off. What follows from
it is the breaker's business.
"""

from gateway.core.copies import Copy, Told
from gateway.core.model import Snapshot, Timeouts, Variant
from gateway.core.stream import is_content, is_error
from gateway.shadow.errors import UncomparedError
from gateway.shadow.exchange import FOREVER, Clocks, Reply, exchange
from gateway.shadow.pools import Pools
from gateway.shadow.requests import is_patient, request

_ENOUGH = 1 << 20
"""Bytes of a reply that are read; who has sent so many is well."""
_HELD = 64 << 10
"""Bytes of a stream within which it says something."""


async def probe(copy: Copy, snapshot: Snapshot, pools: Pools) -> Told:
    """Tries the copy's variant; what came of it."""
    route, variant = snapshot.routes.get(copy.route), snapshot.variants.get(copy.variant)
    if route is None or variant is None:
        return Told(copy.number, "released", "gone")
    inspect = snapshot.limits.inspect_body
    patient = is_patient(copy.asked, route, inspect=inspect)
    try:
        sent = request(copy.asked, route, variant, inspect=inspect)
    except UncomparedError as error:
        return Told(copy.number, "released", error.why)
    try:
        is_openai = route.protocol == "openai"
        clocks = _clocks(variant, copy.within, patient=patient)
        seconds = await exchange(pools.of(variant), sent, clocks, lambda reply: _judged(reply, is_openai))
    except UncomparedError as error:
        return Told(copy.number, "error", error.why)
    return Told(copy.number, "probed", seconds=seconds)


def _clocks(variant: Variant, within: float | None, *, patient: bool) -> Clocks:
    """A patient call has no `first_byte`, and is slow only where `slow_after` is a length."""
    times: Timeouts = variant.timeouts
    slow = within if within is not None and (not patient or variant.breaker.slow_after is not None) else FOREVER
    first_byte = min(slow, FOREVER if patient else times.first_byte)
    return Clocks(times.connect, times.total, first_byte, times.idle)


async def _judged(reply: Reply, is_openai: bool) -> float:
    """Seconds to the first byte; of an openai stream, to its first content."""
    if not 200 <= reply.status < 300:
        raise UncomparedError("error", "status")
    waited = reply.waited
    if not reply.is_event_stream:
        await reply.skip(_ENOUGH)
    elif is_openai:
        waited = await _begun(reply)
    return waited


async def _begun(reply: Reply) -> float:
    """A stream that begins with an error is no good answer."""
    held = b""
    async for piece in reply.pieces(moves=False):
        held = (held + piece).replace(b"\r\n", b"\n")
        *whole, _ = held.split(b"\n\n")
        said = next((event for event in whole if is_content(event)), None)
        if said is not None and is_error(said):
            raise UncomparedError("error", "reply")
        if said is not None or len(held) > _HELD:
            break
    return reply.waited
