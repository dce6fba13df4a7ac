"""What is left out of messages before they are kept: fields that may hold secrets."""

from collections.abc import Iterable

from gateway.core.copies import Asked, Fields, Observation
from gateway.core.model import Variant

_ALWAYS = frozenset(
    {b"authorization", b"cookie", b"proxy-authorization", b"x-api-key", b"set-cookie", b"proxy-authenticate"}
)


def secret_names(variants: Iterable[Variant]) -> frozenset[bytes]:
    """Names of fields, in lower case: those that are secret everywhere, and all that a variant's settings name."""
    named = {name for variant in variants for name, _ in variant.headers.set}
    named |= {name for variant in variants for name in variant.headers.remove}
    return _ALWAYS | {name.lower().encode() for name in named}


def clean_request(asked: Asked, names: frozenset[bytes]) -> Asked:
    """The request without them."""
    return asked._replace(fields=_without(asked.fields, names))


def clean_reply(reply: Observation, names: frozenset[bytes]) -> Observation:
    """The reply without them."""
    return reply._replace(fields=_without(reply.fields, names))


def _without(fields: Fields, names: frozenset[bytes]) -> Fields:
    return tuple((name, value) for name, value in fields if name.lower() not in names)
