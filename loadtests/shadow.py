"""Comparisons a second that the shadow process makes on one core, and the CPU time of each.

    make shadow
    make shadow ARGS='--seconds 5 --size 10240 --noise 0.05'

It gets copies as a worker hands them in, with as many under way as a shadow allows, sends each to a model stand-in on
another core, and compares the reply with the live one. Needs taskset.
"""

import argparse
import itertools
import os
import pickle
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass

from model import BODY
from stand import PROXY, Stand, cpu_seconds

from gateway.core.copies import Asked, Copy, Observation
from gateway.core.model import Endpoint, Match, Route, Shadow, Snapshot, Variant
from gateway.links.board import Board
from gateway.links.rundir import SNAPSHOT, RunDir

JSON = ((b"content-type", b"application/json"),)
WARM_UP = 0.5


@dataclass(frozen=True)
class Process:
    """The shadow process, and a link to it."""

    process: subprocess.Popen[bytes]
    link: socket.socket
    lifeline: socket.socket

    def stop(self) -> None:
        """It ends when its lifeline does."""
        self.lifeline.close()
        self.link.close()
        self.process.wait(10)


def main() -> None:
    """Measure, print, end."""
    options = arguments()
    with Stand() as stand:
        process = start(RunDir(str(stand.folder)), snapshot(stand.model(), options))
        try:
            run(process, options, WARM_UP)
            before, begun = cpu_seconds(process.process.pid), time.monotonic()
            done = run(process, options, options.seconds)
            seconds, used = time.monotonic() - begun, cpu_seconds(process.process.pid) - before
        finally:
            process.stop()
    shape = (
        f"{options.size:,} bytes of JSON in, {len(BODY)} out, {options.in_flight} under way, noise {options.noise:.0%}"
    )
    sys.stdout.write(f"{shape}: {done / seconds:,.0f} comparisons/s, CPU {used * 1e6 / done:.0f} us each\n")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--size", type=int, default=1024, help="bytes of a request")
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--noise", type=float, default=0.0, help="the share of replays")
    return parser.parse_args()


def snapshot(port: int, options: argparse.Namespace) -> Snapshot:
    """A route whose two variants are the same model."""
    endpoint = Endpoint(f"http://127.0.0.1:{port}", "http", "127.0.0.1", port)
    shadow = Shadow("candidate", max_in_flight=options.in_flight, noise=options.noise)
    route = Route("fraud", Match("/v1/fraud"), {"stable": 1}, salt="fraud", shadow=(shadow,))
    variants = {name: Variant(name, (endpoint,)) for name in ("stable", "candidate")}
    return Snapshot(listen=(), variants=variants, routes={"fraud": route})


def start(run_dir: RunDir, present: Snapshot) -> Process:
    """The process, ready to take copies."""
    run_dir.write(SNAPSHOT, pickle.dumps(present))
    board = os.memfd_create("board")
    Board.create(board, 1, names=4096, cells=512)
    lifeline, theirs = socket.socketpair()
    fds = (board, theirs.fileno())
    options = ["--run-dir", run_dir.path, "--board", str(board), "--lifeline", str(theirs.fileno())]
    command = ["taskset", "-c", str(PROXY), sys.executable, "-m", "gateway.shadow.main", *options]
    process = subprocess.Popen(command, pass_fds=fds)
    theirs.close()
    if lifeline.recv(1000) != b"R":
        raise SystemExit("the shadow process does not start")
    link = socket.socket(socket.AF_UNIX)
    link.connect(run_dir.shadow_socket)
    link.sendall(framed(b"worker 0"))
    return Process(process, link, lifeline)


def run(process: Process, options: argparse.Namespace, seconds: float) -> int:
    """Keep as many copies under way as allowed, for so long; how many were compared."""
    body = b'{"amounts": [' + b"12.25, " * (options.size // 7) + b"0]}"
    asked = Asked(b"POST", b"/v1/fraud", b"", (*JSON, (b"x-user-id", b"u-1"), (b"x-request-id", b"1" * 32)), body, "1")
    reply = Observation(200, JSON, BODY, 0.001)
    copy = Copy(0, 1, "fraud", "candidate", "stable", asked, reply, time.time())
    numbers = itertools.count(1)
    ends = time.monotonic() + seconds
    under_way, done = 0, 0
    while under_way or time.monotonic() < ends:
        while under_way < options.in_flight and time.monotonic() < ends:
            process.link.sendall(framed(b"C" + pickle.dumps(copy._replace(number=next(numbers)))))
            under_way += 1
        for told in pickle.loads(frame(process.link)[1:]):
            under_way -= 1
            if told.outcome == "matched":
                done += 1
            elif told.why != "in_flight":
                raise SystemExit(f"a copy came to {told.outcome}: {told.why}")
    return done


def framed(data: bytes) -> bytes:
    """As links cut them."""
    return struct.pack(">I", len(data)) + data


def frame(link: socket.socket) -> bytes:
    """The next one."""
    (size,) = struct.unpack(">I", link.recv(4, socket.MSG_WAITALL))
    return link.recv(size, socket.MSG_WAITALL)


if __name__ == "__main__":
    main()
