"""The signals that the launcher passes on to all. They are held back while a process has no handlers for them yet: what
comes in the meantime is then neither lost nor the end of it."""

import signal

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def hold_back() -> None:
    """Until `let_in`, in this process and those it starts."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def let_in() -> None:
    """The handlers are set."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def ignore() -> None:
    """For a process whose end is the launcher's business alone, also where a supervisor signals every process."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    let_in()
