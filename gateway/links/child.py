"""A child's side of the bond with the launcher: its options, its lifeline, its last duties.

It decides how a child says that it is ready or why it cannot be, and how it learns that the launcher is gone. It must
not know what the child does.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence

from gateway.links.signals import let_in

_LONGEST_REASON = 1000


class Lifeline:
    """The child's end of the socket pair."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        os.set_inheritable(descriptor, False)

    def ready(self) -> None:
        """The child serves now."""
        self._say(b"R")

    def fail(self, reason: str) -> None:
        """The child cannot start, and trying again would not help."""
        self._say(b"E" + reason.encode(errors="replace")[:_LONGEST_REASON])

    def watch(self, when_gone: Callable[[], None]) -> None:
        """Calls back once, when the launcher has died or let the child go."""
        loop = asyncio.get_running_loop()

        def readable() -> None:
            loop.remove_reader(self._descriptor)
            when_gone()

        loop.add_reader(self._descriptor, readable)

    def _say(self, word: bytes) -> None:
        try:
            os.write(self._descriptor, word)
        except OSError:
            pass  # the launcher is gone, which `watch` tells


def options(arguments: Sequence[str]) -> dict[str, str]:
    """`--name value` pairs, as the launcher writes them."""
    names = [name.removeprefix("--") for name in arguments[::2]]
    return dict(zip(names, arguments[1::2], strict=True))


def handle_signals(on_terminate: Callable[[], None], on_interrupt: Callable[[], None]) -> None:
    """Sets the running loop's handlers, then lets in what was held back. SIGHUP is not for a process that serves."""
    loop = asyncio.get_running_loop()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    loop.add_signal_handler(signal.SIGTERM, on_terminate)
    loop.add_signal_handler(signal.SIGINT, on_interrupt)
    let_in()


def handle_hangup(on_hangup: Callable[[], None]) -> None:
    """For a process whose end is the launcher's business alone, as `signals.ignore`; but SIGHUP calls back."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, on_hangup)
    let_in()
