"""What the workers counted of shadows, read off a real board."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.control import accounts
from gateway.control.accounts import Accounts
from gateway.core.metrics import key
from gateway.links.board import Board
from gateway.proxy.ledger import Ledger
from gateway.proxy.tally import Tally

PAIR = ("r", "five")
OUTCOMES = st.sampled_from(["", "matched", "mismatched", "ignored gone", "error timeout", "dropped queue"])
NUMBERS = st.dictionaries(st.sampled_from(["sampled", "matched", "ignored:gone", "dropped:lost"]), st.integers(0, 99))


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board.create(tmp_path / "board", 3, names=65_536, cells=4_096)


def test_workers_are_added_up_and_other_series_left_alone(board: Board) -> None:
    reader = Accounts(board)
    for number in (0, 1):
        tally = Tally(board.slot(number))
        tally.count("gateway_requests_total", "r", "five", "", "200")
        ledger = Ledger(tally, *PAIR)
        ledger.pass_by()
        for outcome, why in (("matched", ""), ("ignored", "gone"), ("error", "timeout"), ("dropped", "queue")):
            ledger.open()
            ledger.close(outcome, why)  # type: ignore[arg-type]
        ledger.open()
        Ledger(tally, "r", "six").open()
    board.slot(2).index(b"no json")
    reader.read()
    assert reader.numbers(PAIR) == {
        "requests": 12,
        "sampled": 10,
        "matched": 2,
        "ignored:gone": 2,
        "errors:timeout": 2,
        "dropped:queue": 2,
    }
    assert reader.numbers(("r", "six")) == {"requests": 2, "sampled": 2}
    assert reader.numbers(("r", "none")) == {"sampled": 0}


def test_a_series_that_comes_later_counts(board: Board) -> None:
    reader = Accounts(board)
    reader.read()
    slot = board.slot(0)
    slot.values[slot.index(key("shadow_sampled", *PAIR))] = 3
    assert reader.numbers(PAIR) == {"sampled": 0}
    reader.read()
    assert reader.numbers(PAIR) == {"sampled": 3}


@given(st.lists(OUTCOMES), st.lists(OUTCOMES))
def test_where_a_period_ends_nothing_is_lost_or_doubled(before: list[str], after: list[str]) -> None:
    """What is pending at the end of one belongs to the next."""
    first, second = counted(before), accounts.added(counted(before), counted(after))
    base = accounts.settled(first)
    ended, begun = accounts.since(base, {}), accounts.since(second, base)
    assert accounts.pending(ended) == 0
    assert accounts.pending(begun) == accounts.pending(second) == (before + after).count("")
    assert {name: count for name, count in accounts.added(ended, begun).items() if count} == {
        name: count for name, count in second.items() if count
    }


def counted(outcomes: list[str]) -> accounts.Numbers:
    numbers = {"requests": len(outcomes), "sampled": len(outcomes)}
    for outcome in filter(None, outcomes):
        name = outcome.replace("error ", "errors ").replace(" ", ":")
        numbers[name] = numbers.get(name, 0) + 1
    return numbers


@given(NUMBERS)
def test_of_a_run_that_is_over_nothing_is_pending(numbers: accounts.Numbers) -> None:
    numbers["sampled"] = numbers.get("sampled", 0) + accounts.closed(numbers)
    over = accounts.ended(numbers)
    assert accounts.pending(over) == 0
    assert over["sampled"] == numbers["sampled"]


def test_reasons() -> None:
    numbers = {"ignored:gone": 2, "ignored:coding": 1, "ignored:none": 0, "errors:timeout": 3, "sampled": 6}
    assert accounts.by_reason(numbers, "ignored") == {"coding": 1, "gone": 2}
    assert accounts.by_reason(numbers, "dropped") == {}
