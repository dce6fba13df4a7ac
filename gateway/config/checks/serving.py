"""Addresses and tokens of the gateway itself: nothing listens twice, and nobody strange is let in."""

from collections.abc import Iterator

from gateway.config.addresses import is_loopback
from gateway.config.checks.review import Review
from gateway.config.faults import Fault
from gateway.config.nodes import Path

Address = tuple[str, int]


def check(review: Review) -> Iterator[Fault]:
    """Every fault of listen and admin."""
    yield from _listeners(review)
    yield from _admin(review)
    yield from _tokens(review)


def _listeners(review: Review) -> Iterator[Fault]:
    taken: list[Address] = []
    for index, listen in enumerate(review.document.listen):
        if any(_collide(listen.address, other) for other in taken):
            yield review.at_value("this port is taken by an earlier address of listen", *_listen_path(review, index))
        taken.append(listen.address)
    admin = review.document.admin.listen
    if any(_collide(admin, other) for other in taken) and review.clean("admin"):
        yield review.at_value(
            "this port is taken by an address of listen; the admin API needs one of its own", "admin", "listen"
        )


def _listen_path(review: Review, index: int) -> Path:
    path = ("listen", index, "address")
    return path if review.given(*path) else path[:2]


def _collide(one: Address, other: Address) -> bool:
    """Whether both cannot be bound: the wildcard of a family takes all its addresses."""
    if one[1] != other[1]:
        return False
    hosts = {_canonical(one[0]), _canonical(other[0])}
    if len(hosts) == 1 or ("0.0.0.0" in hosts and not any(":" in host for host in hosts)):
        return True
    return "::" in hosts and all(":" in host for host in hosts)


def _canonical(host: str) -> str:
    return "127.0.0.1" if host == "localhost" else host


def _admin(review: Review) -> Iterator[Fault]:
    admin = review.document.admin
    if not is_loopback(admin.listen[0]) and not admin.tokens and review.clean("admin"):
        message = "not a loopback address, so admin.tokens is required; without tokens, 127.0.0.1 or [::1] is allowed"
        yield review.at_value(message, "admin", "listen")


def _tokens(review: Review) -> Iterator[Fault]:
    names: set[str] = set()
    secrets = set()
    for index, token in enumerate(review.document.admin.tokens):
        if token.name in names:
            yield review.at_value(
                "the name of an earlier token; each needs one of its own", "admin", "tokens", index, "name"
            )
        if token.token in secrets:
            yield review.at_value("the same secret as an earlier token's", "admin", "tokens", index, "token")
        names.add(token.name)
        secrets.add(token.token)
