"""Hours under load and trouble, every request accounted for: `python -m loadtests.soak --minutes 30`.

Ends with 0 when no request is unexplained and nothing grows, with 1 otherwise. The report goes to standard output, and
as JSON to the file that `--report` names.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import uvloop

from loadtests.soak import plan, report
from loadtests.soak.book import Book
from loadtests.soak.callers import Crowd
from loadtests.soak.gauges import Gauges
from loadtests.soak.report import Result
from loadtests.soak.seen import Seen
from loadtests.soak.troubles import Troubles
from loadtests.soak.verdict import Accounts, Counted, close, labelled
from tests.store.server import PASSWORD, Server
from tests.support import kernel
from tests.support.gateway import Gateway

ROOT = Path(__file__).parent.parent.parent
CALM = 5.0
"""Seconds without troubles at the end."""
SETTLE = 20.0
"""Seconds that what is under way may take at the end."""


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--requests", type=int, default=12_000_000, help="end after so many, if that is sooner")
    parser.add_argument("--rate", type=float, default=3500.0, help="requests a second; fewer where it cannot be")
    parser.add_argument("--lines", type=int, default=128, help="connections that callers keep")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--trouble-every", type=float, default=2.0, metavar="SECONDS")
    parser.add_argument("--report", type=Path, help="where the report goes as JSON")
    options = parser.parse_args()
    result = soak(options)
    sys.stdout.write(report.text(result))
    if options.report is not None:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(json.dumps(report.document(result), indent=2) + "\n")
    return 1 if result.faults() else 0


def soak(options: argparse.Namespace) -> Result:
    """All of it."""
    most = min(options.requests, int(options.rate * options.minutes * 60 * 1.05) + 1000)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, database() as server:
        book = Book(Path(folder) / "book", most)
        with models(Path(folder) / "book", most) as ports:
            store = f"postgresql://gateway:${{env:STORE_PASSWORD}}@127.0.0.1:{server.port}/postgres"
            settings = plan.settings(ports["models"], store=store, workers=options.workers)
            gateway = Gateway(settings, env={"STORE_PASSWORD": PASSWORD})
            try:
                result = press(gateway, server, options, book=book, switchboard=ports["switchboard"])
            finally:
                failure = end(gateway)
    return result if failure is None else Result(**fields(result) | {"failures": [*result.failures, failure]})


def fields(result: Result) -> dict[str, Any]:
    """By name."""
    return {name: getattr(result, name) for name in Result.__slots__}


def end(gateway: Gateway) -> str | None:
    """End it as an operator does; what was wrong with that, or with what it has said."""
    try:
        gateway.stop()
    except AssertionError as error:
        return f"the gateway did not end well: {error}"
    return None


@contextmanager
def database() -> Iterator[Server]:
    """A PostgreSQL server."""
    server = Server()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@contextmanager
def models(book: Path, size: int) -> Iterator[dict[str, Any]]:
    """The models' process; its ports."""
    command = [sys.executable, "-m", "loadtests.soak.upstream", str(book), str(size)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(30)


def press(gateway: Gateway, server: Server, options: argparse.Namespace, *, book: Book, switchboard: int) -> Result:
    """The load and the troubles, and the accounts afterwards."""
    seen = Seen(book.size)
    troubles = Troubles(gateway, server, switchboard, every=options.trouble_every, seconds=options.minutes * 60)
    gauges = Gauges(gateway.process.pid, every=max(0.5, options.minutes * 60 / 600))
    crowd = Crowd(gateway.port, seen, troubles.kills.was_killed, lines=options.lines)
    begun = monotonic()
    with gauges:
        uvloop.run(crowded(crowd, troubles, options))
        seconds = monotonic() - begun
        failures = [*troubles.failures, *settle(troubles)]
    counted = Counted(
        metrics := gateway.metrics(),
        troubles.counts(),
        bytes(book.bytes),
        kills=troubles.kills.count,
        refusals=troubles.refusals,
        versions=troubles.versions,
        descriptors=sum(map(kernel.descriptors, gateway.workers)),
        workers=len(gateway.workers),
        shadow=[shadow_report(troubles), *earlier(troubles)],
    )
    trips = sum(value for _, value in labelled(metrics, "gateway_breaker_trips_total"))
    accounts: Accounts = close(seen, counted)
    done, reloads = dict(troubles.done), dict(troubles.reloads)
    return Result(seconds, seen, accounts, gauges.grown(), done, reloads, failures, trips)


async def crowded(crowd: Crowd, troubles: Troubles, options: argparse.Namespace) -> None:
    """Callers until the end, troubles until shortly before it. SIGTERM brings the end, with its report."""
    length = options.minutes * 60
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    calling = asyncio.create_task(crowd.call(rate=options.rate, until=monotonic() + length, most=options.requests))
    waiting = asyncio.create_task(ended.wait())
    troubles.__enter__()
    try:
        soon = length - min(CALM, length / 10)
        await asyncio.wait([calling, waiting], timeout=soon, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await asyncio.to_thread(troubles.__exit__)
    if ended.is_set():
        await asyncio.wait([calling], timeout=CALM)
        crowd.finish()
    waiting.cancel()
    await calling


def settle(troubles: Troubles) -> list[str]:
    """Wait until copies and changes are all accounted for; what is not in time."""
    give_up = monotonic() + SETTLE
    while (why := unsettled(troubles)) and monotonic() < give_up:
        time.sleep(0.5)
    time.sleep(1.5)  # a scrape is at most a second old
    return [why] if why else []


def unsettled(troubles: Troubles) -> str:
    """What is still under way; nothing if all is done."""
    try:
        status = troubles.ask("GET", "/api/v1/status")
        found = shadow_report(troubles)
    except OSError as error:
        return f"the admin side does not answer: {error}"
    if not status["kept"]:
        return "changes are not kept"
    return "copies are pending" if found["pending"] else ""


def shadow_report(troubles: Troubles) -> Any:
    """Of the only shadow."""
    return troubles.ask("GET", f"/api/v1/routes/calls/shadows/{plan.SHADOW}")


def earlier(troubles: Troubles) -> list[Any]:
    """Its earlier periods."""
    found: list[Any] = troubles.ask("GET", f"/api/v1/routes/calls/shadows/{plan.SHADOW}/periods?limit=50")["items"]
    return found


if __name__ == "__main__":
    sys.exit(main())
