"""The compiled form of the hot path: all of it or none, and the command says which. `make test-fast` tries it."""

import tomllib
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from gateway.wire import server
from tests.support.command import spawn
from tests.support.gateway import Gateway, config

ROOT = Path(__file__).parents[2]
WHEEL = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
IS_COMPILED = server.__file__.endswith(tuple(EXTENSION_SUFFIXES))


@pytest.mark.parametrize("source", WHEEL["hooks"]["custom"]["modules"])
def test_every_module_of_the_list_is_what_the_others_are(source: str) -> None:
    """And its source is there either way."""
    module = import_module(source.removesuffix(".py").replace("/", "."))
    assert (ROOT / source).exists()
    assert module.__file__ is not None
    assert module.__file__.endswith(tuple(EXTENSION_SUFFIXES)) == IS_COMPILED


def test_the_command_says_whether_it_is_compiled() -> None:
    assert ("(compiled)" in spawn("--version").stdout) == IS_COMPILED


def test_a_worker_runs_it() -> None:
    """What the command says is what serves."""
    with Gateway(config("http://127.0.0.1:9")) as gateway:
        mapped = Path(f"/proc/{gateway.worker}/maps").read_text()
    assert ("gateway__mypyc" in mapped) == IS_COMPILED
