"""One attack on one proxy before a recording origin, and what became of it.

It sends the attack with a good request glued to its end, lets an innocent client ask on a connection of its own, and
compares what the clients were answered with what the origin received. It knows no proxy by name.
"""

import contextlib
from dataclasses import dataclass

from tests.attacks.families import Attack
from tests.attacks.readers import disagreeing
from tests.support import http1
from tests.support.client import Client, request
from tests.support.http1 import ClosedError, MalformedError, Reply, Request, TruncatedError
from tests.support.origin import Connection, Origin, marked, marker, reply

AFTER = request("GET", "/after")
VICTIM = request("GET", "/victim")
OWN = "/victim"
OUTCOMES = {
    "refused": "answered with an error or closed; nothing of it reached the origin",
    "passed": "every reader finds the same requests in what reached the origin, and nobody else noticed",
    "ambiguous": "what reached the origin reads in two ways, or is no proper HTTP",
    "smuggled": "the origin saw a request that the proxy did not",
    "poisoned": "somebody else got an answer that was not theirs",
}
HARMLESS = frozenset({"refused", "passed"})


@dataclass(frozen=True)
class Outcome:
    """What became of an attack: a word of `OUTCOMES`, the statuses that came back, and why it is not harmless."""

    word: str
    statuses: tuple[int, ...]
    why: str = ""

    @property
    def is_harmless(self) -> bool:
        """Whether nobody but the attacker noticed."""
        return self.word in HARMLESS


def careless(connection: Connection, seen: Request) -> None:
    """An origin that answers without reading the body, which is then the next request to it."""
    seen.complete = True
    connection.send(reply(marker(seen.target)))


def stage(attack: Attack, port: int, origin: Origin, *, quiet: float) -> Outcome:
    """Try it. `quiet` seconds without a byte mean that the proxy waits for more."""
    origin.close_idle()
    origin.clear()
    origin.faults.clear()
    origin.connections.clear()
    origin.answer = careless if attack.careless else marked
    with Client(port) as attacker:
        replies = _ask(attacker, attack, quiet)
        victims = [_victim(port) for _ in range(2)]
    return _judged(attack, origin, replies, victims)


def _ask(client: Client, attack: Attack, quiet: float) -> list[Reply]:
    """All replies to the attack and to what is glued to its end."""
    *first, last = attack.pieces
    client.send_pieces([*first, last + AFTER], to_the_end=True)
    replies: list[Reply] = []
    method = _method(attack)
    client.sock.settimeout(quiet)
    with contextlib.suppress(TimeoutError, ClosedError, TruncatedError, ConnectionResetError):
        while not replies or replies[-1].body != marker("/after"):
            answer = http1.read_final_head(client.stream)
            replies.append(answer)
            http1.read_reply_body(client.stream, answer, method=method if len(replies) == 1 else "GET")
    return replies


def _method(attack: Attack) -> str:
    return "HEAD" if attack.pieces[0].startswith(b"HEAD") else "GET"


def _victim(port: int) -> bytes:
    """What somebody else is answered."""
    with Client(port) as client:
        client.send(VICTIM)
        try:
            return client.reply().body
        except (MalformedError, ClosedError, TruncatedError, ConnectionResetError) as error:
            return repr(error).encode()


def _judged(attack: Attack, origin: Origin, replies: list[Reply], victims: list[bytes]) -> Outcome:
    statuses = tuple(answer.status for answer in replies)
    seen = [one.target for one in origin.requests if one.target != OWN]
    answered = [_answers(one) for one in replies if 200 <= one.status < 300]
    wrong = [body for body in victims if body != marker(OWN)]
    if wrong:
        return Outcome("poisoned", statuses, f"somebody else read {wrong[0]!r}")
    if attack.careless:
        return Outcome("passed", statuses)
    readers = {name for known in origin.connections for name in disagreeing(known.received)}
    if readers or origin.faults:
        return Outcome("ambiguous", statuses, ", ".join(sorted(readers)) or origin.faults[0][:60])
    hidden = [target for target in seen if "hidden" in target]
    if len(hidden) > len([target for target in answered if "hidden" in target]):
        return Outcome("smuggled", statuses, f"the origin saw {seen}, answered were {answered}")
    return Outcome("passed" if any(target != "/after" for target in seen) else "refused", statuses)


def _answers(answer: Reply) -> str:
    """The target that a reply of the origin's answers."""
    return answer.body.removeprefix(marker("")).decode("latin-1")
