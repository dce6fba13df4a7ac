"""A load that keeps every connection busy, by wrk, and what a proxy's processes spent on it.

It finds the cost of a request. It cannot find latency: a client that waits for an answer before it asks again asks less
when the answers are late. That is openloop's part.
"""

import math
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.contenders import Target
from loadtests.bench.setting import PATH
from loadtests.stand import LEASH, OTHERS, family

USERS = 2000
BODIES = 32 << 20
"""Bytes of different request bodies that the client holds at most."""
PATIENCE, LOOK = 20.0, 0.2
"""Seconds."""
AT_REST = 0.1
"""Of a core, at most."""

SCRIPT = """
local heads, tails = {{}}, {{}}
local mark = '{mark}'
function init()
  for i = 1, {users} do
    local body = {body}
    local headers = {{['x-user-id'] = 'u-' .. i, ['x-tier'] = (i % 20 == 0) and 'gold' or 'free'}}
    if #body > 0 then headers['content-type'] = 'application/json' end
    if {traced} then headers['traceparent'] = '00-' .. mark .. '-00f067aa0ba902b7-01' end
    local path = string.format('{path}', i % {routes}) .. '{query}'
    local whole = wrk.format(#body > 0 and 'POST' or 'GET', path, headers, #body > 0 and body or nil)
    local from, to = string.find(whole, mark, 1, true)
    heads[i] = {traced} and string.sub(whole, 1, from - 1) or whole
    tails[i] = {traced} and string.sub(whole, to + 1)
  end
end
local n = 0
function request()
  n = n + 1
  -- The first call is a trial, before any connection.
  if n == 2 then io.write('BEGUN\\n') io.flush() end
  local i = n % {users} + 1
  if not {traced} then return heads[i] end
  return heads[i] .. string.format('%032x', n) .. tails[i]
end
function done(summary)
  local e = summary.errors
  local failed = e.status + e.connect + e.read + e.write + e.timeout
  io.write(string.format('DONE %d %d %d', summary.requests, summary.bytes, failed))
end
"""
JSON = """'{{"user": {{"id": "u-' .. i .. '", "tier": "' .. ((i % 20 == 0) and 'gold' or 'free') ..
      '"}}, "amount": [' .. string.rep('12.25, ', {times}) .. '0]}}'"""


@dataclass(frozen=True)
class Shape:
    """What is asked, over and over."""

    up: int = 1000
    """Bytes of a request's body, about; 0 for GET."""
    query: str = ""
    connections: int = 32
    routes: int = 1
    traced: bool = False
    """Whether each request carries a trace id of its own, so that no head is like another."""
    path: str = PATH.replace("{}", "%d")
    body: str = ""
    """This one instead, as Lua."""


@dataclass(frozen=True)
class Turn:
    """What came of it."""

    done: int
    received: int
    """Bytes."""
    failed: int
    cpu: dict[str, float]
    """Seconds by kind of process."""

    @property
    def total(self) -> float:
        """CPU seconds of all processes."""
        return sum(self.cpu.values())

    @property
    def each(self) -> float:
        """CPU microseconds of all processes for each request."""
        return self.of(*self.cpu)

    def of(self, *kinds: str) -> float:
        """Of some."""
        return sum(self.cpu.get(kind, 0.0) for kind in kinds) * 1e6 / max(self.done, 1)


def script(shape: Shape) -> str:
    """The one that wrk runs."""
    users = max(8, min(USERS, BODIES // max(shape.up, 1)))
    body = shape.body or (JSON.format(times=shape.up // 7) if shape.up else "''")
    traced = "true" if shape.traced else "false"
    return SCRIPT.format(
        users=users,
        body=body,
        traced=traced,
        path=shape.path,
        routes=shape.routes,
        query=shape.query,
        mark="0" * 24 + "deadbeef",
    )


def load(target: Target, shape: Shape, *, folder: Path, seconds: float) -> Turn:
    """One turn. wrk takes whole seconds only, so it is told when to stop."""
    file = folder / "load.lua"
    file.write_text(script(shape))
    command = [*LEASH, "taskset", "-c", str(OTHERS), "wrk", "-t1", f"-c{shape.connections}", "--timeout", "20s"]
    command += [f"-d{math.ceil(seconds) + 60}s", "-s", str(file), f"http://127.0.0.1:{target.port}"]
    before = spent(target.pid)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0) as client:
        said = until_begun(client)
        time.sleep(seconds)
        said += end(client)
    after = spent(target.pid)
    used = {kind: after[kind] - before.get(kind, 0.0) for kind in after}
    return read(said.decode(errors="replace"), used)


def until_begun(client: "subprocess.Popen[bytes]") -> bytes:
    """What it says before the first request: until then a signal would end it without a word."""
    assert client.stdout is not None
    said = b""
    while line := client.stdout.readline():
        said += line
        if b"BEGUN" in line:
            break
    return said


def end(client: "subprocess.Popen[bytes]") -> bytes:
    """What it says at its end. It takes the signal twice where the first comes before it sleeps."""
    give_up = time.monotonic() + 60
    while True:
        client.send_signal(signal.SIGINT)
        try:
            return client.communicate(timeout=0.3)[0]
        except subprocess.TimeoutExpired:
            if time.monotonic() > give_up:
                client.kill()


def read(said: str, used: dict[str, float]) -> Turn:
    """What wrk says at its end."""
    found = re.search(r"DONE (\d+) (\d+) (\d+)", said)
    if found is None:
        raise SystemExit(f"wrk does not run:\n{said}")
    done, received, failed = map(int, found.groups())
    return Turn(done, received, failed, used)


def spent(pid: int) -> dict[str, float]:
    """CPU seconds so far of a process and all under it, by kind: what serves, and the gateway's other processes."""
    found: dict[str, float] = {}
    for member in family(pid):
        kind = kind_of(Path(f"/proc/{member}/cmdline").read_bytes())
        found[kind] = found.get(kind, 0.0) + sum(map(_ran, Path(f"/proc/{member}/task").iterdir()))
    return found


def rest(target: Target) -> None:
    """Return when it does nothing: what its processes do at their start is no request's cost."""
    give_up = time.monotonic() + PATIENCE
    before = sum(spent(target.pid).values())
    while time.monotonic() < give_up:
        time.sleep(LOOK)
        now = sum(spent(target.pid).values())
        if now - before < AT_REST * LOOK:
            return
        before = now


def kind_of(command: bytes) -> str:
    """What a process is for."""
    for kind in ("control", "shadow"):
        if f"gateway.{kind}".encode() in command:
            return kind
    return "serving"


def _ran(task: Path) -> float:
    return int((task / "schedstat").read_text().split()[0]) / 1e9
