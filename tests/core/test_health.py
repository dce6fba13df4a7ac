"""What checks say of an endpoint: thresholds, and checks that do not count."""

import pytest

from gateway.core import model
from gateway.core.health import Check, Condition, first_pause, pause

SETTINGS = model.Health("/ready", interval=5.0, timeout=1.0, unhealthy_after=2, healthy_after=3)


def check(passed: bool, *, late: float = 0.0, took: float = 0.1) -> Check:
    return Check(due=100.0, began=100.0 + late, ended=100.0 + late + took, passed=passed)


@pytest.mark.parametrize(
    ("checks", "healthy"),
    [
        ("", ""),
        ("-", "+"),
        ("--", "+-"),
        ("-+-+--", "+++++-"),
        ("--++", "+---"),
        ("--+++", "+---+"),
        ("--++-+++", "+------+"),
        ("--+++-", "+---++"),
        ("+++++--", "++++++-"),
    ],
)
def test_so_many_in_a_row(checks: str, healthy: str) -> None:
    """Two failures take it out, three good ones bring it back; it begins as healthy."""
    condition = Condition()
    seen, changes = "", 0
    for each in checks:
        changes += condition.take(check(each == "+"), SETTINGS)
        seen += "+" if condition.is_healthy else "-"
    assert seen == healthy
    assert changes == sum(one != other for one, other in zip("+" + seen, seen, strict=False))


@pytest.mark.parametrize(
    ("passed", "late", "took", "counts"),
    [
        (False, 0.0, 0.1, True),
        (False, 0.0, 1.25, True),
        (False, 0.25, 1.0, True),
        (False, 0.3, 0.1, False),
        (False, 0.0, 1.3, False),
        (True, 3.0, 3.0, True),
    ],
)
def test_a_failure_while_the_gateway_was_late_does_not_count(
    passed: bool, late: float, took: float, counts: bool
) -> None:
    """Late to begin, or late to see the end, by more than a quarter of the timeout."""
    assert check(passed, late=late, took=took).counts(SETTINGS) is counts
    condition = Condition()
    for _ in range(5):
        condition.take(check(passed, late=late, took=took), SETTINGS)
    assert condition.is_healthy is (passed or not counts)


def test_a_late_failure_ends_no_row() -> None:
    """It says nothing at all."""
    condition = Condition()
    condition.take(check(False), SETTINGS)
    condition.take(check(False, late=9.0), SETTINGS)
    assert condition.take(check(False), SETTINGS)
    assert not condition.is_healthy


def test_pauses_differ() -> None:
    """The first anywhere within an interval, the others a tenth around it."""
    assert [first_pause(5.0, draw) for draw in (0.0, 0.5)] == [0.0, 2.5]
    assert [pause(5.0, draw) for draw in (0.0, 0.5, 1.0)] == pytest.approx([4.5, 5.0, 5.5])
