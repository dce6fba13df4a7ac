"""`gateway breaker`: held open or closed, with a word where nobody else answers."""

from dataclasses import replace

import pytest

from gateway.admin.operations import Status
from tests.cli.standin import StandIn
from tests.support.command import run


def test_it_is_held_open_and_left_to_itself_again(admin: StandIn) -> None:
    done = run("breaker", "fraud-4", "open", "--why", "moving its database")
    assert done.returncode == 0
    assert done.stdout == "fraud-4 gets no live call; back with: gateway breaker fraud-4 auto\n"
    [override] = admin.memory.overrides()
    assert (override.kind, override.subject, override.state) == ("breaker_forced", "fraud-4", "open")
    assert run("breaker", "fraud-4", "auto").returncode == 0
    assert admin.memory.overrides() == []


SAID = "route fraud: no other model answers the callers of fraud-4\n"


@pytest.mark.parametrize(
    ("state", "fallback", "said"),
    [("open", (), SAID), ("open", ("fraud-4",), SAID), ("open", ("fraud-3",), ""), ("closed", (), "")],
)
async def test_where_nobody_else_answers_that_is_said(
    state: str, fallback: tuple[str, ...], said: str, admin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await admin.memory.status()
    changed = replace(found, routes={"fraud": replace(found.routes["fraud"], fallback=fallback)})

    async def status() -> Status:
        return changed

    monkeypatch.setattr(admin.memory, "status", status)
    done = run("breaker", "fraud-4", state, "--why", "x")
    assert (done.returncode, done.stderr) == (0, said)
