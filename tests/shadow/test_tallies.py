"""What is found on its way to control: periods, batches, and what is kept while control is away."""

from typing import Any

import pytest

from gateway.core.copies import Asked, Observation
from gateway.core.judgement import Judgement
from gateway.core.tally import Batch, Mismatch, Present, Tally
from gateway.shadow.tallies import PAIRS, ROOM, Tallies

PAIR = ("r", "v")
MATCHED = Judgement("matched")
DIFFERS = Judgement("mismatched", "", (), frozenset({("$.a", "value")}))


def mismatch(name: str = "id", size: int = 10) -> Mismatch:
    reply = Observation(200, (), b"x" * size, 0.1)
    return Mismatch(name, 0.0, "a", "1", "v", "2", 1, 1, Asked(b"GET", b"/", b"", (), b"", name), reply, reply, ())


def filled(period: int = 7) -> Tallies:
    """One pair of replies found in that period."""
    tallies = Tallies("here")
    tallies.tell({PAIR: Present(period)})
    tallies.account(PAIR).add(MATCHED, 0.1, 0.1)
    return tallies


def sent(tallies: Tallies) -> Batch:
    batch = tallies.next()
    assert batch is not None
    tallies.acknowledge(batch.number)
    return batch


def test_what_was_found_goes_in_numbered_batches() -> None:
    """One at a time: the next waits until the last was acknowledged, and holds all that came meanwhile."""
    tallies = filled()
    first = tallies.next()
    assert first is not None
    assert (first.instance, first.number, [*first.tallies]) == ("here", 1, [(*PAIR, 7)])
    tallies.account(PAIR).add(DIFFERS, 0.1, 0.1)
    tallies.account(PAIR).add(MATCHED, 0.1, 0.1)
    assert tallies.next() is None
    tallies.acknowledge(99)
    assert tallies.outstanding is first
    tallies.acknowledge(1)
    second = sent(tallies)
    assert (second.number, second.tallies[*PAIR, 7].compared) == (2, (2, 1))
    assert tallies.next() is None


def test_without_a_period_what_was_found_waits_for_one() -> None:
    """It belongs to the first that is told."""
    tallies = Tallies("here")
    tallies.account(PAIR).add(MATCHED, 0.1, 0.1)
    assert tallies.next() is None
    tallies.tell({("other", "v"): Present(3)})
    assert tallies.next() is None
    tallies.tell({PAIR: Present(5)})
    assert [*sent(tallies).tallies] == [(*PAIR, 5)]


@pytest.mark.parametrize("periods", [{PAIR: Present(8)}, {}])
def test_when_a_period_ends_what_was_not_sent_is_thrown_away(periods: dict[tuple[str, str], Present]) -> None:
    """Also what a copy that began in it finds later."""
    tallies = filled()
    begun = tallies.account(PAIR)
    tallies.keep(begun, mismatch(), most=10)
    tallies.tell(periods)
    begun.add(DIFFERS, 0.1, 0.1)
    tallies.keep(begun, mismatch(), most=10)
    assert tallies.next() is None
    tallies.tell({PAIR: Present(8)})
    tallies.account(PAIR).add(MATCHED, 0.1, 0.1)
    batch = sent(tallies)
    assert (batch.tallies[*PAIR, 8].compared, batch.mismatches) == ((1, 0), [])


def test_noise_pairs_are_known_for_a_period() -> None:
    """Also once they were sent; another period begins anew."""
    tallies = filled()
    tallies.account(PAIR).add_noise(DIFFERS, MATCHED)
    tallies.account(PAIR).add_noise(Judgement("ignored", "too_deep"), MATCHED)
    assert sent(tallies).tallies[*PAIR, 7].noise == (1, 1)
    assert tallies.account(PAIR).noise == 1
    tallies.tell({PAIR: Present(8)})
    assert tallies.account(PAIR).noise == 0


def test_noise_pairs_of_a_process_before_this_one_are_known() -> None:
    """So that a live variant is not asked for them once more."""
    tallies = Tallies("here")
    tallies.account(PAIR).add_noise(MATCHED, MATCHED)
    tallies.tell({PAIR: Present(7, noise_pairs=200)})
    assert (tallies.account(PAIR).noise, tallies.account(PAIR).replays) == (200, 200)
    tallies.tell({PAIR: Present(7, noise_pairs=150)})
    assert tallies.account(PAIR).noise == 200


def test_of_mismatches_the_newest_are_kept() -> None:
    """As many as the shadow keeps, in order."""
    tallies = filled()
    for number in range(5):
        tallies.keep(tallies.account(PAIR), mismatch(str(number)), most=3)
    assert [(*each[:3], each[3].request_id) for each in sent(tallies).mismatches] == [
        (*PAIR, 7, name) for name in ("2", "3", "4")
    ]


def test_mismatches_have_a_bound_in_bytes() -> None:
    """Whoever has the most gives way; the newest one stays, however large."""
    tallies = filled()
    other = ("r", "w")
    tallies.tell({PAIR: Present(7), other: Present(1)})
    tallies.keep(tallies.account(other), mismatch("small"), most=10)
    for number in range(5):
        tallies.keep(tallies.account(PAIR), mismatch(str(number), ROOM // 6), most=10)
    tallies.account(other).add(MATCHED, 0.1, 0.1)
    assert [each[3].request_id for each in sent(tallies).mismatches] == ["3", "4", "small"]
    tallies.account(PAIR).add(MATCHED, 0.1, 0.1)
    tallies.keep(tallies.account(PAIR), mismatch("small"), most=10)
    tallies.keep(tallies.account(PAIR), mismatch("huge", ROOM), most=10)
    assert [each[3].request_id for each in sent(tallies).mismatches] == ["huge"]


def test_a_batch_has_a_bound_in_pairs() -> None:
    """All have their turn."""
    pairs = [("r", str(number)) for number in range(PAIRS + 5)]
    tallies = Tallies("here")
    tallies.tell(dict.fromkeys(pairs, Present(1)))
    seen: list[Any] = []
    for _ in range(2):
        for pair in pairs:
            tallies.account(pair).add(MATCHED, 0.1, 0.1)
        seen += [key[:2] for key in sent(tallies).tallies]
    assert set(seen) == set(pairs)
    for pair in pairs:
        tallies.account(pair).add(MATCHED, 0.1, 0.1)
    assert [len(batch.tallies) for batch in tallies.rest()] == [PAIRS, 5]


def test_who_is_configured_no_more_is_forgotten() -> None:
    """What is due is still sent."""
    tallies = filled()
    tallies.account(("r", "unknown")).add(MATCHED, 0.1, 0.1)
    tallies.forget_all_but(frozenset())
    tallies.tell({PAIR: Present(7), ("r", "unknown"): Present(1)})
    assert sent(tallies).tallies == {(*PAIR, 7): Tally(matched=1, live=_at(0.1), shadow=_at(0.1))}


def _at(seconds: float) -> list[int]:
    tally = Tally()
    tally.add(MATCHED, seconds, seconds)
    return tally.live
