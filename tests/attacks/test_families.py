"""Every attack of the published families on the gateway: none is anything but refused or harmless."""

from collections.abc import Iterator

import pytest

from tests.attacks.families import ATTACKS, NOTES
from tests.attacks.readers import disagreeing, read
from tests.attacks.scene import stage
from tests.support.client import chunked, request
from tests.support.gateway import Gateway, config
from tests.support.origin import Origin

FAMILIES = list(dict.fromkeys(attack.family for attack in ATTACKS))


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(origin: Origin) -> Iterator[Gateway]:
    with Gateway(config(origin.url)) as running:
        yield running


def test_there_are_as_many_attacks_as_promised() -> None:
    """At least 150, each with a name of its own, and each group with what HTTP says of it."""
    assert len(ATTACKS) >= 150
    assert len({(attack.family, attack.group, attack.name) for attack in ATTACKS}) == len(ATTACKS)
    assert {attack.group for attack in ATTACKS} == NOTES.keys()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_attack_of_a_family_is_refused_or_harmless(family: str, gateway: Gateway, origin: Origin) -> None:
    """What reached the origin reads in one way only, and an innocent client gets its own answers."""
    harmful = {}
    for attack in ATTACKS:
        if attack.family == family:
            outcome = stage(attack, gateway.port, origin, quiet=0.5)
            if not outcome.is_harmless:
                harmful[attack.group, attack.name] = outcome
    assert harmful == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_attack_of_a_family_would_harm_somebody_sent_as_it_is(family: str) -> None:
    """The readers tell attacks from good requests: of each family, some read in two ways."""
    mattering = {"CL.TE", "TE.CL", "TE.TE", "Header names", "Chunk extensions", "Line terminators", "Expect"}
    found = [disagreeing(b"".join(attack.pieces)) for attack in ATTACKS if attack.family == family]
    assert any(found) or family not in mattering


@pytest.mark.parametrize(
    ("data", "targets"),
    [
        (request("GET", "/a") + request("POST", "/b", body=b"hello"), ("/a", "/b")),
        (request("POST", "/a", "Transfer-Encoding: chunked") + chunked(request("GET", "/b")), ("/a",)),
        (request("POST", "/a", body=b"\r\n" + request("GET", "/b")) + request("GET", "/c"), ("/a", "/c")),
    ],
    ids=["two", "chunks", "a body"],
)
def test_readers_agree_on_good_requests(data: bytes, targets: tuple[str, ...]) -> None:
    assert read(data) == targets
    assert disagreeing(data) == []
