"""The snapshot in force, as the run directory has it."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.core.model import Snapshot
from gateway.links.rundir import SNAPSHOT, RunDir
from gateway.shadow.present import Present
from tests.shadow.stage import snapshot, variant

FIRST = snapshot(variant("live"), variant("candidate"))


def leave(run_dir: RunDir, settings: Snapshot, serial: int) -> None:
    run_dir.write(SNAPSHOT, pickle.dumps(replace(settings, serial=serial)))


def test_it_is_read_again_when_a_copy_comes_from_another_one(tmp_path: Path) -> None:
    """If there is another one: who is behind is no reason to look each time."""
    run_dir = RunDir(str(tmp_path))
    leave(run_dir, FIRST, 5)
    present = Present(run_dir)
    assert not present.look(5)
    assert not present.look(4)
    leave(run_dir, snapshot(variant("live"), variant("other")), 6)
    assert present.lane("r", "candidate") is not None
    assert not present.look(5)
    assert present.look(6)
    assert present.lane("r", "candidate") is None
    lane = present.lane("r", "other")
    assert lane is not None
    assert (lane.variant.name, present.pairs) == ("other", {("r", "other")})
    leave(run_dir, FIRST, 5)
    assert present.look(5)
    assert (present.snapshot.serial, present.lane("x", "candidate")) == (5, None)


def test_what_cannot_be_read_leaves_it_as_it_is(tmp_path: Path) -> None:
    """At the beginning it is a reason not to begin."""
    run_dir = RunDir(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        Present(run_dir)
    leave(run_dir, FIRST, 5)
    present = Present(run_dir)
    (tmp_path / SNAPSHOT).unlink()
    assert not present.look(6)
    assert present.lane("r", "candidate") is not None
