"""Sameness: what `==` does not tell apart, is told apart."""

import pickle
from math import nan

import pytest

from gateway.core import model
from gateway.core.same import same
from tests.core.build import compare


def _equals(operand: model.Operand) -> model.Test:
    return compare("json", "$.a", "eq", operand)


@pytest.mark.parametrize(
    "value",
    [_equals(1), model.Timeouts(), {"a": [1, {"b": None}]}, (1, "x", 2.5), [nan], {"a": nan}, "", None, {}, ()],
)
def test_a_copy_is_the_same(value: object) -> None:
    """Though no part of it is the identical object."""
    assert same(value, pickle.loads(pickle.dumps(value)))
    assert same(value, value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_equals(1), _equals(True)),
        (_equals(1), _equals(1.0)),
        (_equals((0,)), _equals((False,))),
        (_equals("1"), _equals(1)),
        ({"a": 1, "b": 1}, {"b": 1, "a": 1}),
        ({"a": 1}, {"a": 1, "b": 1}),
        ({"a": 1}, {"a": 2}),
        ((1, 2), (1,)),
        ([1], (1,)),
        (nan, 1.0),
        (1.0, nan),
        (model.Timeouts(), model.Timeouts(idle=1.0)),
        (model.Share(0.5), _equals(0.5)),
        (None, {}),
    ],
)
def test_a_difference_is_seen(before: object, after: object) -> None:
    """In kind, order, length or value, however deep."""
    assert not same(before, after)
    assert not same([{"deep": (before,)}], [{"deep": (after,)}])
