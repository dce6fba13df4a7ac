"""The line of one webhook: order, back-off, giving up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.control.line import MOST, Line, pause
from gateway.core.records import Delivery, Event

WHEN = datetime(2026, 1, 2, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return WHEN + timedelta(seconds=seconds)


def delivery(number: int, due: float | None = None) -> Delivery:
    event = Event(number, WHEN, "reload_applied", "configuration", "file", "")
    return Delivery(number, "http://h/", event, due=None if due is None else after(due))


def line(*deliveries: Delivery) -> Line:
    made = Line()
    for each in deliveries:
        assert made.add(each)
    return made


def number(found: Delivery | None) -> int | None:
    return None if found is None else found.id


def test_an_empty_line_has_nothing_to_send() -> None:
    assert (line().next(WHEN), line().due(), len(line())) == (None, None, 0)


def test_the_oldest_goes_first() -> None:
    waiting = line(delivery(3), delivery(1), delivery(2))
    order = []
    while (found := waiting.next(WHEN)) is not None:
        order.append(found.id)
        waiting.settled(found)
    assert order == [1, 2, 3]


def test_the_same_one_waits_once() -> None:
    assert [each.id for each in line(delivery(1), delivery(2), delivery(1))] == [1, 2]


def test_others_wait_behind_one_that_failed() -> None:
    waiting = line(delivery(1), delivery(2))
    again = waiting.failed(delivery(1), after(1), refused=False, draw=0.0)
    assert again == Delivery(1, "http://h/", delivery(1).event, tries=1, due=after(6))
    assert waiting.due() == after(6)
    assert [number(waiting.next(after(seconds))) for seconds in (1, 5.9, 6)] == [None, None, 1]


def test_one_that_is_refused_steps_aside() -> None:
    waiting = line(delivery(1), delivery(2), delivery(3))
    waiting.failed(delivery(1), WHEN, refused=True, draw=0.0)
    assert number(waiting.next(WHEN)) == 2
    waiting.failed(delivery(2), WHEN, refused=False, draw=0.99)
    assert waiting.next(WHEN) is None
    assert waiting.due() == after(5 * (1 - 0.99 / 2))
    assert [number(waiting.next(after(seconds))) for seconds in (2.5, 3, 5)] == [None, 2, 1]
    waiting.settled(delivery(1))
    waiting.settled(delivery(2))
    assert number(waiting.next(WHEN)) == 3


def test_one_that_stepped_aside_may_hold_up_the_others_later() -> None:
    """Once the receiver fails altogether."""
    waiting = line(delivery(1), delivery(2))
    again = waiting.failed(delivery(1), WHEN, refused=True, draw=0.0)
    assert again is not None
    waiting.failed(again, WHEN, refused=False, draw=0.0)
    assert waiting.next(WHEN) is None


def test_what_was_due_before_a_restart_still_is() -> None:
    waiting = line(delivery(1, due=30), delivery(2))
    assert [number(waiting.next(after(seconds))) for seconds in (0, 30)] == [None, 1]


@pytest.mark.parametrize(("hours", "is_given_up"), [(0, False), (23.9, False), (24, True), (1000, True)])
def test_what_fails_a_day_after_it_happened_is_given_up(hours: float, is_given_up: bool) -> None:
    waiting = line(delivery(1), delivery(2))
    again = waiting.failed(delivery(1), after(hours * 3600), refused=False, draw=0.0)
    assert (again is None) is is_given_up
    assert [each.id for each in waiting] == ([2] if is_given_up else [1, 2])


@pytest.mark.parametrize(
    ("tries", "draw", "seconds"),
    [(1, 0.0, 5), (1, 0.5, 3.75), (2, 0.0, 10), (3, 0.0, 20), (10, 0.0, 2560), (11, 0.0, 3600), (10**9, 0.5, 2700)],
)
def test_pauses_double_up_to_an_hour(tries: int, draw: float, seconds: float) -> None:
    assert pause(tries, draw) == timedelta(seconds=seconds)


@given(st.integers(1, 100), st.floats(0, 1, exclude_max=True))
def test_a_pause_is_never_short_nor_endless(tries: int, draw: float) -> None:
    assert timedelta(seconds=2.5) <= pause(tries, draw) <= timedelta(hours=1)


def test_a_full_line_leaves_the_rest_to_the_store() -> None:
    """Also what comes once there is room, since older ones wait there."""
    waiting = line(*map(delivery, range(MOST)))
    assert not waiting.add(delivery(MOST))
    assert waiting.has_more
    waiting.settled(delivery(0))
    assert not waiting.add(delivery(MOST + 1))
    waiting.has_more = False
    assert waiting.add(delivery(MOST))
    assert len(waiting) == MOST
