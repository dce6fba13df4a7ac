"""How long an address waits, on a clock of the test's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.admin.strikes import ADDRESSES, ALLOWED, PERIOD, Strikes, network


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def strike(strikes: Strikes, address: str, times: int) -> None:
    for _ in range(times):
        strikes.add(address)


def test_one_less_than_too_many_is_not_too_many() -> None:
    strikes = Strikes(Clock())
    strike(strikes, "192.0.2.1", ALLOWED - 1)
    assert strikes.wait("192.0.2.1") == 0
    strikes.add("192.0.2.1")
    assert strikes.wait("192.0.2.1") == PERIOD
    assert strikes.wait("192.0.2.2") == 0


def test_the_wait_ends_when_the_first_is_old_enough() -> None:
    clock = Clock()
    strikes = Strikes(clock)
    strikes.add("192.0.2.1")
    clock.now += 40
    strike(strikes, "192.0.2.1", ALLOWED - 1)
    assert strikes.wait("192.0.2.1") == pytest.approx(20)
    clock.now += 20
    assert strikes.wait("192.0.2.1") == 0
    strikes.add("192.0.2.1")
    assert strikes.wait("192.0.2.1") == pytest.approx(40)


@given(st.lists(st.floats(0, 30), max_size=80))
def test_in_no_period_more_than_so_many_are_looked_at(pauses: list[float]) -> None:
    clock = Clock()
    strikes = Strikes(clock)
    looked_at: list[float] = []
    for pause in pauses:
        clock.now += pause
        if not strikes.wait("192.0.2.1"):
            strikes.add("192.0.2.1")
            looked_at.append(clock.now)
    for first, eleventh in zip(looked_at, looked_at[ALLOWED:], strict=False):
        assert eleventh - first >= PERIOD


def test_who_was_right_is_remembered_by_address_and_name() -> None:
    strikes = Strikes(Clock())
    strikes.remember("192.0.2.1", "ci")
    assert strikes.knows("192.0.2.1", "ci")
    assert not strikes.knows("192.0.2.1", "dash")
    assert not strikes.knows("192.0.2.2", "ci")


def test_memory_is_bounded_by_forgetting_the_oldest() -> None:
    strikes = Strikes(Clock())
    strike(strikes, "192.0.2.1", ALLOWED)
    for number in range(ADDRESSES - 1):
        strikes.add(f"10.0.{number >> 8}.{number & 255}")
    assert strikes.wait("192.0.2.1") > 0
    for number in range(ADDRESSES):
        strikes.add(f"10.1.{number >> 8}.{number & 255}")
    assert strikes.wait("192.0.2.1") == 0


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2::3", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_what_counts_as_one_address(address: str, expected: str) -> None:
    assert network(address) == expected
