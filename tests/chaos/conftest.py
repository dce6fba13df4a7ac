"""One gateway for all of these tests: each has a pair of models of its own, behind a route of its own.

What they measure is printed as one table at the end.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.chaos.world import World

Measured = Callable[[str, str], None]

_FIGURES = pytest.StashKey[list[tuple[str, str]]]()


@pytest.fixture(scope="package")
def world() -> Iterator[World]:
    """Two workers."""
    with World(workers=2) as running:
        yield running


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Takes what was done, and what was measured of it."""
    figures = request.config.stash.setdefault(_FIGURES, [])
    return lambda what, figure: figures.append((what, figure))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table."""
    figures = config.stash.get(_FIGURES, [])
    if not figures:
        return
    terminalreporter.section("what was measured")
    width = max(len(what) for what, _ in figures)
    for what, figure in figures:
        terminalreporter.write_line(f"{what:{width}}  {figure}")
