"""CPU time per request: the gateway with one worker, and nginx with the same split where it is installed.

    make bench
    make bench ARGS='--seconds 5 --rounds 5 --connections 64'

The proxies take turns within a round; the median over the rounds counts. CPU time is user plus system time of all of a
proxy's processes; it says what a request costs, however hard the client pushes. Needs wrk and taskset.
"""

import argparse
import re
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from stand import OTHERS, Stand, cpu_seconds

LOAD = """
local requests = {}
function init()
  for i = 1, 2000 do
    local body = '{"user": {"id": "u-' .. i .. '"}, "amount": [' .. string.rep('12.25, ', 150) .. '0]}'
    requests[i] = wrk.format('POST', '/v1/fraud', {['content-type'] = 'application/json', ['x-user-id'] = 'u-' .. i,
      ['x-tier'] = (i % 20 == 0) and 'gold' or 'free'}, body)
  end
end
local n = 0
function request() n = n % 2000 + 1; return requests[n] end
"""


@dataclass(frozen=True)
class Run:
    """What one proxy did in one turn."""

    cpu_us: float
    per_second: float
    p50_ms: float
    p99_ms: float


def main() -> None:
    """Measure, print, end."""
    options = arguments()
    need("wrk", "taskset")
    with Stand() as stand:
        (stand.folder / "load.lua").write_text(LOAD)
        model_port = stand.model()
        targets = {"gateway": stand.gateway(model_port)}
        if shutil.which("nginx"):
            targets["nginx"] = stand.nginx(model_port)
        runs = measure(stand, targets, options)
    report(runs, options)
    if "nginx" not in targets:
        sys.stdout.write("nginx is not installed, so there is nothing to compare with (apt-get install nginx)\n")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3, help="of one turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    return parser.parse_args()


def need(*programs: str) -> None:
    """End with a line that helps when one is missing."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        raise SystemExit(f"{' and '.join(missing)} not found; on Debian: apt-get install wrk util-linux")


def measure(
    stand: Stand, targets: dict[str, tuple[int, int]], options: argparse.Namespace
) -> dict[str, list[Run]]:
    """A warm-up, then every target in turn, round after round."""
    runs: dict[str, list[Run]] = {name: [] for name in targets}
    for turn in range(options.rounds + 1):
        for name, (pid, port) in targets.items():
            run = load(stand.folder / "load.lua", pid=pid, port=port, options=options)
            if turn:
                runs[name].append(run)
    return runs


def load(script: Path, *, pid: int, port: int, options: argparse.Namespace) -> Run:
    """One turn; ends with what wrk said when any answer was not a good one."""
    before = cpu_seconds(pid)
    length = ["-t1", f"-c{options.connections}", f"-d{options.seconds:g}s"]
    command = ["taskset", "-c", str(OTHERS), "wrk", *length, "--latency", "-s", str(script), f"http://127.0.0.1:{port}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=options.seconds + 60).stdout
    used = cpu_seconds(pid) - before
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"answers were lost or refused:\n{said}")
    done = int(re.findall(r"(\d+) requests in", said)[0])
    return Run(used * 1e6 / done, done / options.seconds, milliseconds(said, "50%"), milliseconds(said, "99%"))


def milliseconds(said: str, quantile: str) -> float:
    """A line of wrk's latency table."""
    value, unit = re.findall(rf"{quantile}\s+([\d.]+)(us|ms|s)", said)[0]
    return float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def report(runs: dict[str, list[Run]], options: argparse.Namespace) -> None:
    """The medians, and the ratio within each round."""
    shape = f"{options.connections} connections, {options.rounds} rounds of {options.seconds:g} s"
    lines = [f"1.1 KB JSON in, 0.1 KB out, a split of 90 to 10 and a segment; {shape}", ""]
    lines.append(f"{'':10}{'CPU us/request':>15}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}")
    for name, done in runs.items():
        cpu, rate, p50, p99 = (
            statistics.median(getattr(run, field) for run in done)
            for field in ("cpu_us", "per_second", "p50_ms", "p99_ms")
        )
        lines.append(f"{name:10}{cpu:15.1f}{rate:12.0f}{p50:9.2f}{p99:9.2f}")
    if "nginx" in runs:
        pairs = zip(runs["gateway"], runs["nginx"], strict=True)
        ratio = statistics.median(ours.cpu_us / theirs.cpu_us for ours, theirs in pairs)
        lines += ["", f"gateway / nginx: CPU per request x{ratio:.2f}"]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
