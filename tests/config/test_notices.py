"""What this release accepts without acting on it is said in one line, and only where a file sets it."""

from pathlib import Path

import pytest

from gateway.config.load import load
from tests.config.fault_cases import completed, route, variant

SAID = "accepted and checked, but without effect in this release: "


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (variant("breaker: {probe: shadow}"), "variants.*.breaker.probe"),
        (route("shadow: [{variant: b}]"), "routes.*.shadow"),
    ],
)
def test_settings_without_effect_are_named(text: str, names: str) -> None:
    assert load(completed(text).encode(), name="x", folder=Path("/")).notices == (SAID + names,)


@pytest.mark.parametrize(
    "text",
    [
        "workers: 2",
        variant("breaker: {probes: 5}"),
        variant("retry: {budget: 10%, when: [connect, reset]}"),
        variant("health: {path: /ready}"),
        "store: sqlite:///other.db",
        variant("timeouts: {total: 5s}"),
        "store: sqlite:///gateway.db",
        "notify: []",
        route("fallback: {when: [connect, error, overload]}"),
        route("fallback: {when: [open, unavailable, disabled, connect, timeout, error, overload, slow]}"),
        route("protocol: openai"),
    ],
)
def test_defaults_and_what_works_are_not_named(text: str) -> None:
    assert load(completed(text).encode(), name="x", folder=Path("/")).notices == ()
