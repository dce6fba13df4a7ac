"""After which looks at the clock nothing is called late yet."""

import pytest

from gateway.core.standstill import Standstill


@pytest.mark.parametrize(
    ("looks", "waits"),
    [
        ([0.05, 0.1, 0.15], [False, False, False]),
        ([0.1, 0.15], [False, False]),
        ([0.11, 0.16], [True, False]),
        ([0.05, 7.0, 7.05], [False, True, False]),
        ([1.0, 2.0, 3.0, 4.0], [True, False, True, False]),
        ([1.0, 1.05, 2.0], [True, False, True]),
    ],
)
def test_what_is_late_waits_for_one_look_after_a_standstill(looks: list[float], waits: list[bool]) -> None:
    standstill = Standstill(0.0)
    assert [standstill.look(now) for now in looks] == waits
