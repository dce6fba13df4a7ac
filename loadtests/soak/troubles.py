"""Every trouble again and again, one at a time, and reloads all the while; in threads of their own.

A worker is stopped before it is killed, so that its connections can be listed: their callers, and no others, may lose
what they had in flight. The oldest worker lives through all of it, for its memory to be judged; control and the shadow
process through its second half.
"""

import json
import os
import random
import re
import signal
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, Self

from loadtests.soak.plan import LEAVERS, SHADOW
from tests.store.server import Server
from tests.support import kernel
from tests.support.gateway import Gateway

UNCOMPARED = ("spare", LEAVERS)
"""Variants whose versions may change without a new period of the shadow's report."""
ALL_EVERY = 40
"""Each so manyth reload gives every variant another version."""
FIRST_HALF = ("shadow process killed", "control killed")
"""Later these live, for their memory to be judged."""
FORGET = 15.0
"""Seconds after a kill within which its connections have ended."""
PATIENCE = 60.0
FAULTS: dict[str, list[dict[str, Any]]] = {
    "errors": [{"do": "error", "status": 503, "share": "40%"}, {"do": "garbage", "share": "10%"}],
    "resets": [{"do": "reset", "share": "25%"}, {"do": "close", "share": "25%"}],
    "cuts": [{"do": "cut", "share": "20%"}, {"do": "lie", "share": "10%"}],
    "limits": [{"do": "limit", "share": "20%"}, {"do": "trickle", "every": "2ms", "share": "10%"}],
    "hangs": [{"do": "hang", "share": "30%"}, {"do": "slow", "delay": {"p50": "200ms", "p99": "2s"}, "share": "30%"}],
    "hangs for good": [{"do": "hang"}],
    "refuses": [{"do": "refuse"}],
    "flaps": [{"do": "flap", "up": "300ms", "down": "200ms"}],
    "starts slowly": [{"do": "slow_start", "delay": "300ms", "over": "2s"}],
}
REFUSALS = {"refuses": 1, "flaps": 10}
"""How often a listener is closed by each, at most."""


class Kills:
    """The connections of the workers that were killed, by the callers' own ports."""

    def __init__(self) -> None:
        self.count = 0
        self.listed = 0
        self._ports: dict[int, float] = {}

    def was_killed(self, port: int) -> bool:
        """Whether that connection ended with its worker; each is asked for once."""
        at = self._ports.pop(port, None)
        return at is not None and monotonic() - at < FORGET

    def kill(self, pid: int, port: int) -> None:
        """Stop a worker, list its connections, and kill it."""
        os.kill(pid, signal.SIGSTOP)
        ports = client_ports(pid, port)
        now = monotonic()
        self._ports = {each: at for each, at in self._ports.items() if now - at < FORGET}
        self._ports.update(dict.fromkeys(ports, now))
        self.listed += len(ports)
        self.count += 1
        os.kill(pid, signal.SIGKILL)


class Troubles:
    """All of them, from `with` to its end."""

    def __init__(self, gateway: Gateway, server: Server, switchboard: int, *, every: float, seconds: float) -> None:
        """One every so many seconds, for so long in all."""
        self.done: Counter[str] = Counter()
        self.failures: list[str] = []
        self.kills = Kills()
        self.reloads: Counter[str] = Counter()
        self.versions: dict[str, dict[str, str]] = {}
        """The version that each revision gave each variant."""
        self.refusals = 0
        self._gateway = gateway
        self._server = server
        self._switchboard = switchboard
        self._every = every
        self._calm_from = monotonic() + seconds / 2
        self._keeper = gateway.workers[0]
        self._over = threading.Event()
        self._chance = random.Random(11)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._trouble, self._reload)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        self.turn("stable", [])
        self.turn("candidate", [])
        self.turn(SHADOW, [])

    # ---- one after the other

    def _all(self) -> dict[str, Callable[[], None]]:
        kinds: dict[str, Callable[[], None]] = {
            "worker killed": self._kill_worker,
            "shadow process killed": lambda: self._kill("gateway.shadow"),
            "control killed": self._kill_control,
            "database away": self._take_database,
            "shadow model: hangs": lambda: self._misbehave(SHADOW, "hangs"),
            "shadow model: cuts": lambda: self._misbehave(SHADOW, "cuts"),
            "stable model: errors": lambda: self._misbehave("stable", "errors"),
            "stable model: hangs for good": lambda: self._misbehave("stable", "hangs for good"),
        }
        return kinds | {f"candidate: {name}": self._candidate(name) for name in FAULTS}

    def _candidate(self, name: str) -> Callable[[], None]:
        return lambda: self._misbehave("candidate", name)

    def _trouble(self) -> None:
        kinds = self._all()
        names = list(kinds)
        while not self._over.is_set():
            for name in names:
                if name in FIRST_HALF and monotonic() > self._calm_from:
                    continue
                if self._over.wait(self._every):
                    return
                try:
                    kinds[name]()
                    self.done[name] += 1
                except (OSError, AssertionError, TimeoutError, ValueError) as error:
                    self.failures.append(f"{name}: {error!r}")
            self._chance.shuffle(names)

    def _misbehave(self, model: str, name: str) -> None:
        self.refusals += REFUSALS.get(name, 0)
        self.turn(model, FAULTS[name])
        self._over.wait(self._every * 2)
        self.turn(model, [])

    def _kill_worker(self) -> None:
        others = [pid for pid in self._gateway.workers if pid != self._keeper]
        if others:
            self.kills.kill(others[0], self._gateway.port)

    def _kill(self, word: str) -> None:
        for pid, line in kernel.children(self._gateway.process.pid).items():
            if word in line:
                os.kill(pid, signal.SIGKILL)

    def _kill_control(self) -> None:
        self._kill("gateway.control")
        give_up = monotonic() + PATIENCE
        while True:
            try:
                self.ask("GET", "/livez")
            except OSError:
                if monotonic() > give_up:
                    raise
                time.sleep(0.1)
            else:
                return

    def _take_database(self) -> None:
        self._server.stop()
        self._over.wait(self._every * 2)
        self._server.start()

    # ---- all the while

    def _reload(self) -> None:
        settings = json.loads(self._gateway.file.read_text())
        number = 0
        while not self._over.wait(self._every):
            number += 1
            for name, variant in settings["variants"].items():
                if name in UNCOMPARED or number % ALL_EVERY == 0:
                    variant["version"] = f"r{number}"
            try:
                outcome = self.ask("PUT", "/api/v1/config", json.dumps(settings).encode())
            except (OSError, ValueError):
                self.reloads["not answered"] += 1
                continue
            found = {name: variant["version"] for name, variant in settings["variants"].items()}
            self.versions[str(outcome["revision"])] = found
            self.reloads["kept" if outcome["kept"] else "kept later"] += 1

    def ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        """The admin side's answer; OSError where it gives none or refuses."""
        url = f"http://127.0.0.1:{self._gateway.admin_port}{path}"
        request = urllib.request.Request(url, body, {"content-type": "application/yaml"}, method=method)
        with urllib.request.urlopen(request, timeout=20) as reply:
            text = reply.read()
        return json.loads(text) if text.startswith((b"{", b"[")) else text.decode()

    def turn(self, model: str, faults: list[dict[str, Any]]) -> None:
        """Switch a model's faults."""
        url = f"http://127.0.0.1:{self._switchboard}/{model}"
        request = urllib.request.Request(url, json.dumps(faults).encode(), method="PUT")
        urllib.request.urlopen(request, timeout=20).close()

    def counts(self) -> dict[str, Counter[str]]:
        """What each model has counted."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._switchboard}/", timeout=20) as reply:
            return {name: Counter(told["counts"]) for name, told in json.load(reply).items()}


def client_ports(pid: int, port: int) -> set[int]:
    """The callers' ports of the connections that a process has accepted on one of its own."""
    inodes: set[str] = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(link))
        except FileNotFoundError:
            continue  # closed meanwhile
        inodes.update(found.groups() if found else ())
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    mine = (row for row in rows if row[9] in inodes and int(row[1].rpartition(":")[2], 16) == port)
    return {int(row[2].rpartition(":")[2], 16) for row in mine} - {0}
