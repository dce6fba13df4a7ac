"""Finding the Python that has MLServer."""

import sys
from pathlib import Path

import pytest

from gateway.demo import interpreter
from gateway.errors import StartError
from tests.support import mlserver


def test_the_one_that_has_it_is_taken() -> None:
    assert interpreter.find(mlserver.PYTHON) == mlserver.PYTHON.absolute()


@pytest.mark.parametrize("name", ["python", "a-text", "missing"])
def test_one_that_has_it_not_is_refused_by_name(name: str, tmp_path: Path) -> None:
    """Another Python, no program at all, nothing: one sentence each, never a traceback."""
    (tmp_path / "a-text").write_text("not a program")
    given = {"python": Path(sys.executable)}.get(name, tmp_path / name)
    with pytest.raises(StartError, match=r"not a Python that has MLServer .*mlserver==1\.7\.1") as refused:
        interpreter.find(given)
    assert str(given) in str(refused.value)


def test_where_none_is_found_the_command_that_makes_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(interpreter, "CHECKOUT", tmp_path)
    with pytest.raises(StartError) as refused:
        interpreter.find(None)
    folder = tmp_path / "model-gateway/mlserver"
    assert f"python3 -m venv {folder} && {folder}/bin/pip install mlserver==1.7.1" in str(refused.value)
