"""Fixtures of the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.standin import StandIn


@pytest.fixture
def admin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """An admin side without tokens, where commands look for one."""
    monkeypatch.delenv("GATEWAY_TOKEN", raising=False)
    with StandIn(tmp_path) as standin:
        monkeypatch.setenv("GATEWAY_ADMIN", standin.url)
        yield standin
