"""Periods and their parts name the pair that they are of."""

from datetime import UTC, datetime

from gateway.core.periods import Part, Period, Saved

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def test_a_period_and_its_part_are_of_one_pair() -> None:
    period = Period("fraud", "fraud-5", 1, NOW, {}, "ci", "new weights")
    part = Part("fraud", "fraud-5", 1, "run", NOW, {}, {}, {})
    assert period.pair == part.pair == ("fraud", "fraud-5")
    assert period.until is None


def test_nothing_to_save_is_nothing() -> None:
    assert Saved() == ((), (), (), {})
