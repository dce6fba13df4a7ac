"""A child's side of its bond with the launcher."""

import asyncio
import signal
import socket
import threading

import pytest

from gateway.links.child import Lifeline, handle_signals, options
from gateway.links.signals import SIGNALS, hold_back


def test_options_are_pairs() -> None:
    assert options(["--run-dir", "/tmp/x", "--index", "3"]) == {"run-dir": "/tmp/x", "index": "3"}
    with pytest.raises(ValueError, match="zip"):
        options(["--index"])


def test_a_child_says_that_it_is_ready_or_why_not() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        lifeline = Lifeline(theirs.fileno())
        lifeline.ready()
        assert ours.recv(100) == b"R"
        lifeline.fail("no certificate " + "x" * 5000)
        said = ours.recv(9999)
        assert said.startswith(b"Eno certificate xxx")
        assert len(said) == 1001


def test_the_end_of_the_launcher_is_told() -> None:
    async def work() -> None:
        ours, theirs = socket.socketpair()
        gone = asyncio.Event()
        with theirs:
            Lifeline(theirs.fileno()).watch(gone.set)
            await asyncio.sleep(0)
            assert not gone.is_set()
            ours.close()
            await gone.wait()

    asyncio.run(asyncio.wait_for(work(), 5))


def test_nobody_at_the_other_end_is_no_fault() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.close()
        Lifeline(theirs.fileno()).ready()


def test_signals_held_back_come_when_there_are_handlers() -> None:
    async def work() -> list[str]:
        calls: asyncio.Queue[str] = asyncio.Queue()
        handle_signals(lambda: calls.put_nowait("terminate"), lambda: calls.put_nowait("interrupt"))
        return [await calls.get(), await calls.get()]

    before = {number: signal.getsignal(number) for number in SIGNALS}
    hold_back()
    # to this thread: another one that the tests have left would take them now
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    try:
        assert sorted(asyncio.run(asyncio.wait_for(work(), 5))) == ["interrupt", "terminate"]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
