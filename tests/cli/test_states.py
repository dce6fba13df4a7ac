"""What a status means."""

import pytest

from gateway.cli.states import effective, one_of, state
from gateway.errors import GatewayError

UP, DOWN = {"available": True}, {"available": False}


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ({"enabled": True, "endpoints": [UP, UP]}, "ok"),
        ({"enabled": True, "endpoints": [UP, DOWN]}, "degraded"),
        ({"enabled": True, "endpoints": [DOWN]}, "unavailable"),
        ({"enabled": True, "endpoints": []}, "unavailable"),
        ({"enabled": False, "endpoints": [DOWN]}, "disabled"),
        ({"enabled": True, "endpoints": [UP], "breaker": {"state": "closed"}}, "ok"),
        ({"enabled": True, "endpoints": [UP], "breaker": {"state": "open"}}, "breaker open"),
        ({"enabled": True, "endpoints": [UP], "breaker": {"state": "half_open"}}, "breaker half-open"),
    ],
)
def test_a_variant_is_in_one_state(variant: dict[str, object], expected: str) -> None:
    assert state(variant) == expected


def test_weights_of_0_and_of_the_disabled_do_not_count() -> None:
    status = {"variants": {"a": {"enabled": True}, "b": {"enabled": False}, "c": {"enabled": True}}}
    assert effective({"a": 1, "b": 2, "c": 0}, status) == {"a": 1}


def test_a_name_that_nobody_has() -> None:
    with pytest.raises(GatewayError) as caught:
        one_of({"fraud-3": {}, "fraud-4": {}}, "variant", "fraud-5")
    assert str(caught.value) == ('there is no variant "fraud-5" (did you mean "fraud-4"?); there is fraud-3, fraud-4')
    with pytest.raises(GatewayError) as caught:
        one_of({f"route-{number}": {} for number in range(21)}, "route", "x")
    assert str(caught.value) == 'there is no route "x"'
