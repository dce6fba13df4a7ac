"""Calls while the host kept the processors are left out of the times, and no others."""

import pytest

from tests.attacks.honest import Waited

CALLS = [(1.0, 1.1), (2.0, 2.3), (3.0, 3.2), (4.0, 4.4)]


@pytest.mark.parametrize(
    ("stolen", "times"),
    [
        ([], [0.1, 0.2, 0.3, 0.4]),
        ([(0.5, 0.9), (1.2, 1.9), (4.5, 9.0)], [0.1, 0.2, 0.3, 0.4]),
        ([(0.9, 1.05)], [0.2, 0.3, 0.4]),
        ([(2.1, 2.2)], [0.1, 0.2, 0.4]),
        ([(2.2, 3.1)], [0.1, 0.4]),
        ([(0.0, 0.1), (4.39, 4.5)], [0.1, 0.2, 0.3]),
        ([(0.0, 9.0)], []),
    ],
)
def test_what_overlaps_what_was_stolen_is_left_out(stolen: list[tuple[float, float]], times: list[float]) -> None:
    waited = Waited(CALLS, stolen=stolen)
    assert waited.times == pytest.approx(times)
    assert waited.left_out == pytest.approx(1 - len(times) / 4)


def test_quantiles_are_of_what_is_left() -> None:
    waited = Waited(CALLS, stolen=[(4.0, 4.1)])
    assert [waited.quantile(share) for share in (0.0, 0.5, 0.99)] == pytest.approx([0.1, 0.2, 0.3])
    assert Waited(CALLS, stolen=[(0.0, 9.0)]).quantile(0.99) == float("inf")
