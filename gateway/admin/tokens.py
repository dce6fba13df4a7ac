"""Who a bearer token stands for.

It decides whether a token is somebody's. Tokens themselves are not kept: what is compared are their digests, all of
them and in constant time, so that neither memory nor the clock tells one.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gateway.config.settings import Role, Token

RANK: dict[Role, int] = {"viewer": 0, "operator": 1, "admin": 2}
"""Each role may do what those before it may."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """One who may use the admin API. `digest` is the SHA-256 of the token, which is nowhere else."""

    name: str
    role: Role
    digest: bytes = field(repr=False)


def bearers(tokens: Iterable[Token]) -> tuple[Bearer, ...]:
    """Those whom the configuration's tokens name."""
    return tuple(Bearer(each.name, each.role, digest(each.token.reveal())) for each in tokens)


def digest(token: str) -> bytes:
    """What is kept of a token. Any text has one, even what is no UTF-8."""
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()


def find(known: Sequence[Bearer], token: str) -> Bearer | None:
    """Whose token it is."""
    asked = digest(token)
    found = None
    for each in known:
        if hmac.compare_digest(each.digest, asked):
            found = each
    return found
