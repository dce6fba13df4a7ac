"""Verdicts: tables of counts and the sentences they come to, and what must hold of any counts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.excess import Excess, Seen, excess
from gateway.core.verdict import (
    NEGLIGIBLE,
    Verdict,
    at_least,
    at_most,
    is_told,
    pairs_until_told,
    place_text,
    verdict,
)

NONE = Seen(0, 0)


@st.composite
def counts(draw: st.DrawFn) -> tuple[Seen, Seen]:
    """What may be counted of a shadow."""
    pairs = draw(st.integers(1, 10**6))
    replayed = draw(st.integers(0, pairs))
    return Seen(pairs, draw(st.integers(0, pairs))), Seen(replayed, draw(st.integers(0, replayed)))


@pytest.mark.parametrize(
    ("compared", "noise", "expected"),
    [
        ((0, 0), (0, 0), ("nothing_compared", "nothing compared yet")),
        (
            (1200, 90),
            (250, 2),
            (
                "differs",
                "answers differ in at least 0.26 % beyond noise (7.5 % of 1,200 pairs differ, noise 0.8 % of 250)",
            ),
        ),
        (
            (500, 500),
            (200, 0),
            ("differs", "answers differ in at least 95 % beyond noise (100 % of 500 pairs differ, noise 0 % of 200)"),
        ),
        (
            (1000, 0),
            (240, 0),
            ("no_difference", "no difference beyond 0.61 % found (0 % of 1,000 pairs differ, noise 0 % of 240)"),
        ),
        (
            (10_000, 100),
            (700, 140),
            ("no_difference", "no difference beyond noise found (1 % of 10,000 pairs differ, noise 20 % of 700)"),
        ),
        (
            (1000, 1),
            (0, 0),
            ("no_difference", "no difference beyond 0.97 % found (0.1 % of 1,000 pairs differ, noise unknown)"),
        ),
    ],
)
def test_verdicts(compared: tuple[int, int], noise: tuple[int, int], expected: tuple[str, str]) -> None:
    assert verdict(Seen(*compared), Seen(*noise), share=0.05) == expected


@pytest.mark.parametrize(
    ("compared", "noise", "share", "text"),
    [
        (
            Seen(1, 0),
            Seen(1, 0),
            0.05,
            r"undecided, about [56]\d0 more pairs will tell \(0 % of 1 pair differ, noise 0 % of 1 so far\)",
        ),
        (
            Seen(1000, 70),
            Seen(200, 2),
            0.05,
            r"undecided, about 1,\d00 more pairs will tell \(7 % of 1,000 pairs differ, noise 1 % of 200 so far\)",
        ),
        (
            Seen(300, 20),
            Seen(200, 15),
            0.05,
            r"undecided, about \d\d,000 more pairs will tell \(6.67 % of 300 pairs differ, noise 7.5 % of 200 so far\)",
        ),
        (
            Seen(300, 20),
            Seen(200, 15),
            0.0,
            r"undecided, it takes noise pairs to tell, and noise is 0 % \(6.67 % .*",
        ),
        (Seen(10**6, 51 * 10**4), Seen(2000, 1000), 1e-9, r"undecided, no number of pairs will tell \(51 % .*"),
        (
            Seen(100, 5),
            NONE,
            0.05,
            r"undecided, about \d\d0 more pairs will tell \(5 % of 100 pairs differ, noise unknown so far\)",
        ),
    ],
)
def test_what_is_undecided_says_how_long_it_takes(compared: Seen, noise: Seen, share: float, text: str) -> None:
    found = verdict(compared, noise, share=share)
    assert found.word == "undecided"
    assert re.fullmatch(text, found.text), found.text


@given(counts(), st.sampled_from([0.0, 0.01, 0.05, 1.0]))
def test_a_verdict_says_what_the_bounds_say(seen: tuple[Seen, Seen], share: float) -> None:
    """And always something a person can read: no exponents, no digits without end."""
    found = verdict(*seen, share=share)
    bounds = excess(*seen)
    assert bounds.low is not None
    assert bounds.high is not None
    expected = "differs" if bounds.low > 0 else "no_difference" if bounds.high <= NEGLIGIBLE else "undecided"
    assert found.word == expected
    assert len(found.text) < 150
    assert not re.search(r"\d[eE]|nan|inf", found.text)


# ---- how many more


@pytest.mark.parametrize(
    ("compared", "noise", "share", "low", "high"),
    [
        (Seen(10, 0), Seen(10, 0), 0.05, 550, 650),
        (Seen(40, 3), Seen(40, 0), 0.05, 150, 260),
        (Seen(20, 6), Seen(20, 0), 0.05, 25, 45),
        (Seen(1000, 75), Seen(50, 0), 0.05, 60, 90),
        (Seen(10_000, 1000), Seen(700, 70), 0.05, 300_000, 400_000),
        (Seen(10_000, 1000), Seen(700, 70), 1.0, 30_000, 60_000),
    ],
)
def test_about_how_many_more_pairs_it_takes(compared: Seen, noise: Seen, share: float, low: int, high: int) -> None:
    found = pairs_until_told(compared, noise, share=share)
    assert found is not None
    assert low <= found <= high


@pytest.mark.parametrize("share", [0.0, 1e-9])
def test_without_noise_pairs_to_come_some_things_are_never_told(share: float) -> None:
    """With a share however small the first pairs are replayed; without one none is."""
    assert pairs_until_told(Seen(100, 5), NONE, share=0.0) is None
    assert pairs_until_told(Seen(1000, 75), Seen(200, 15), share=share) is None
    assert pairs_until_told(Seen(100, 30), NONE, share=1e-9) is not None


@given(st.integers(1, 2000), st.floats(0, 1), st.floats(0, 1))
def test_after_as_many_more_at_the_same_rates_it_is_told(pairs: int, rate: float, noise: float) -> None:
    """And not yet after a sixteenth fewer. Every pair is replayed, so that the counts then are plain to tell."""

    def after(more: int) -> Excess:
        return excess(Seen(pairs + more, (pairs + more) * rate), Seen(pairs + more, (pairs + more) * noise))

    more = pairs_until_told(Seen(pairs, pairs * rate), Seen(pairs, pairs * noise), share=1.0)
    if more is not None and not is_told(after(0)):
        assert is_told(after(more))
        assert more == 1 or not is_told(after(more - max(more // 16, 1)))


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (Excess(None, None, None), False),
        (Excess(0.1, 0.0, 0.2), False),
        (Excess(0.1, 1e-9, 0.2), True),
        (Excess(0.0, -0.1, NEGLIGIBLE), True),
        (Excess(0.0, -0.1, NEGLIGIBLE + 1e-9), False),
        (Excess(None, -0.9, 0.005), True),
        (Excess(-0.2, -0.3, -0.1), True),
    ],
)
def test_what_counts_as_told(found: Excess, told: bool) -> None:
    assert is_told(found) is told


# ---- one path


@pytest.mark.parametrize(
    ("kind", "compared", "noise", "text"),
    [
        (
            "value",
            Seen(1200, 90),
            Seen(250, 0),
            "$.a: the value differs in 7.5 % of 1,200 pairs, noise 0 % of 250: at least 2.6 % beyond noise",
        ),
        (
            "missing",
            Seen(1200, 1),
            Seen(250, 2),
            "$.a: it is missing in the shadow's answer in 0.0833 % of 1,200 pairs, noise 0.8 % of 250: "
            "nothing beyond 0.8 %",
        ),
        (
            "extra",
            Seen(100, 3),
            Seen(100, 3),
            "$.a: it is in the shadow's answer only in 3 % of 100 pairs, noise 3 % of 100: may be noise",
        ),
        (
            "order",
            Seen(9, 3),
            NONE,
            "$.a: the order differs in 33.3 % of 9 pairs, noise unknown: may be noise",
        ),
        (
            "length",
            Seen(10_000, 0),
            Seen(700, 140),
            "$.a: the length differs in 0 % of 10,000 pairs, noise 20 % of 700: nothing beyond noise",
        ),
        ("type", NONE, NONE, "$.a: the type differs in 0 % of 0 pairs, noise unknown: nothing compared yet"),
        ("any", Seen(1, 1), NONE, "$.a: something differs in 100 % of 1 pair, noise unknown: may be noise"),
    ],
)
def test_one_path_in_a_sentence(kind: str, compared: Seen, noise: Seen, text: str) -> None:
    assert place_text("$.a", kind, compared, noise) == text


def test_a_path_does_nothing_to_a_terminal() -> None:
    """Names are the models' to choose."""
    assert "\x1b" not in place_text("$['\x1b[2J']", "value", Seen(1, 1), NONE)


# ---- figures


@pytest.mark.parametrize(
    ("rate", "down", "up"),
    [
        (0.07, "7 %", "7 %"),
        (0.003, "0.3 %", "0.3 %"),
        (0.00265, "0.26 %", "0.27 %"),
        (0.1261, "12 %", "13 %"),
        (0.999, "99 %", "100 %"),
        (1.0, "100 %", "100 %"),
        (3.81e-13, "0.000000000038 %", "0.000000000039 %"),
        (0.0, "0 %", "0 %"),
    ],
)
def test_two_digits_rounded_to_the_safe_side(rate: float, down: str, up: str) -> None:
    assert (at_least(rate), at_most(rate)) == (down, up)


def test_a_verdict_is_a_pair() -> None:
    word, text = Verdict("differs", "because")
    assert (word, text) == ("differs", "because")
