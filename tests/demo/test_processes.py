"""Children that end with the demo."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from gateway.demo import processes
from gateway.demo.processes import Child, Children
from gateway.errors import StartError
from tests.support import kernel

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def test_a_child_is_asked_to_end_and_ends(tmp_path: Path) -> None:
    async with Children(tmp_path) as children:
        child = await children.start("Sleeper", python("import time; time.sleep(60)"))
    assert child.process.returncode == -signal.SIGTERM


async def test_a_child_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PATIENCE", 0.2)
    async with Children(tmp_path) as children:
        child = await children.start("Deaf", python(DEAF))
        await said(child, words=1)
    assert child.process.returncode == -signal.SIGKILL


async def test_a_grandchild_does_not_stay(tmp_path: Path) -> None:
    """The whole group goes, as when a launcher is killed before its workers."""
    start = f"import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', {DEAF!r}]); "
    async with Children(tmp_path) as children:
        child = await children.start("Parent", python(start + "print(p.pid, flush=True); time.sleep(60)"))
        await said(child, words=2)
    grandchild = next(int(word) for word in child.log.read_text().split() if word.isdigit())
    assert kernel.ended(grandchild, within=5)


async def test_a_child_that_ends_by_itself_is_reported_with_its_last_lines(tmp_path: Path) -> None:
    async with Children(tmp_path) as children:
        child = await children.start("Broken", python("import sys; print('no model here'); sys.exit(3)"))
        with pytest.raises(StartError, match=r"Broken ended with exit code 3.*\n  no model here"):
            await child.ended()


async def said(child: Child, *, words: int) -> None:
    async with asyncio.timeout(10):
        while len(child.log.read_text().split()) < words:
            await asyncio.sleep(0.01)
