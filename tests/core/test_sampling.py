"""Samples: a key is in or out for good, by its own hash, and a larger sample keeps those that were in."""

from dataclasses import replace
from random import Random

import pytest

from gateway.core.model import Shadow
from gateway.core.sampling import Sample, samples
from tests.core.build import never, route

KEYS = [b"user-%d" % number for number in range(100_000)]


def sampled(share: float, salt: str = "fraud", variant: str = "v9") -> set[bytes]:
    sample = Sample(salt, Shadow(variant, sample=share))
    return {key for key in KEYS if sample.takes(key, never)}


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 0.99, 1.0])
def test_a_sample_has_its_share_of_the_keys(share: float) -> None:
    assert len(sampled(share)) / len(KEYS) == pytest.approx(share, abs=0.005)


def test_a_larger_sample_keeps_those_that_are_in() -> None:
    assert sampled(0.01) < sampled(0.1) < sampled(0.5) < sampled(1.0) == set(KEYS)


def test_each_shadow_and_route_has_a_sample_of_its_own() -> None:
    one = sampled(0.1)
    assert 0 < len(one & sampled(0.1, variant="v8")) < len(KEYS) * 0.02
    assert 0 < len(one & sampled(0.1, salt="other")) < len(KEYS) * 0.02


def test_without_a_key_chance_decides() -> None:
    sample = Sample("fraud", Shadow("v9", sample=0.25))
    taken = sum(sample.takes(None, Random(7).random) for _ in range(3))
    assert taken == 3 * (Random(7).random() < 0.25)
    drawn = iter((0.0, 0.249, 0.25, 0.99))
    assert [sample.takes(None, lambda: next(drawn)) for _ in range(4)] == [True, True, False, False]


def test_nothing_at_all_needs_no_chance() -> None:
    assert Sample("fraud", Shadow("v9")).takes(None, never)


def test_a_disabled_variant_gets_no_copies() -> None:
    several = replace(route(), shadow=(Shadow("v8"), Shadow("v9")))
    assert [one.settings.variant for one in samples(several, frozenset())] == ["v8", "v9"]
    assert [one.settings.variant for one in samples(several, frozenset({"v8"}))] == ["v9"]
