"""The run directory: files replaced at once, removed by whoever is last."""

import os
from pathlib import Path

import pytest

from gateway.links.rundir import SNAPSHOT, RunDir


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    run_dir = RunDir(str(tmp_path))
    run_dir.write(SNAPSHOT, b"old")
    with open(tmp_path / SNAPSHOT, "rb") as reader:
        run_dir.write(SNAPSHOT, b"newer")
        assert reader.read() == b"old"
    assert run_dir.read(SNAPSHOT) == b"newer"
    assert os.listdir(tmp_path) == [SNAPSHOT]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        RunDir(str(tmp_path)).read(SNAPSHOT)


def test_removing_takes_everything_and_may_be_done_twice(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.mkdir()
    run_dir = RunDir(str(path))
    run_dir.write(SNAPSHOT, b"x")
    run_dir.remove()
    run_dir.remove()
    assert not path.exists()
