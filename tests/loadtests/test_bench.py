"""The benchmark measures what it says, and its page hides nothing."""

import asyncio
import json
import math
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.config.load import load
from loadtests.bench import contenders, gateways, machine, page, peers, plot
from loadtests.bench.figures import ASIDE, MORE, PASSING, TOTAL, Table, quantile, ratio
from loadtests.bench.load import Shape, kind_of, read, script
from loadtests.bench.openloop import Client
from loadtests.bench.setting import Setting

ROOT = Path(__file__).parent.parent.parent


def bench(*options: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loadtests.bench", *options]
    env = {**os.environ, "TMPDIR": str(folder)}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, env=env)


def test_the_benchmark_measures_the_gateway(tmp_path: Path) -> None:
    """A figure of each size of body, whatever it is, from one short round; a page, a plot, and nothing left."""
    temporary = Path(tempfile.mkdtemp(prefix="bench-"))  # short enough for a socket's path
    written = {"--page": tmp_path / "page.md", "--json": tmp_path / "all.json"}
    files = [word for option, file in written.items() for word in (option, str(file))]
    short = ["--only", "requests", "--beside", "", "--rounds", "1", "--seconds", "0.1"]
    done = bench(*short, *files, folder=temporary)
    assert done.returncode == 0, done.stdout + done.stderr
    (table,) = json.loads(written["--json"].read_text())["tables"]
    assert len(table["rows"]) == 6
    assert all(cells["gateway"][0] > 1 for cells in table["rows"].values())
    assert table["notes"] == []
    assert "![The cost of a request](page-requests.svg)" in written["--page"].read_text()
    assert ET.parse(tmp_path / "page-requests.svg").getroot().tag.endswith("svg")
    temporary.rmdir()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "speed"], "'speed' is none of requests, streams"),
        (["--beside", "apache"], "'apache' is none of nginx"),
        (["--rounds", "0"], "'0' is not between 1 and"),
        (["--seconds", "soon"], "'soon' is not between 0.1 and"),
    ],
)
def test_options_that_are_wrong_are_refused(options: list[str], said: str, tmp_path: Path) -> None:
    done = bench(*options, folder=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


# ---- the client of a fixed rate


SERVER = """
import asyncio, sys, time

class Server(asyncio.Protocol):
    seen = 0

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        Server.seen += 1
        if Server.seen == 100:
            time.sleep(float(sys.argv[2]))
        self.transport.write(b"HTTP/1.1 %s\\r\\ncontent-length: 2\\r\\n\\r\\nok" % sys.argv[1].encode())

async def main():
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""
"""A process of its own, so that the client goes on while it stands still."""


@asynccontextmanager
async def answering(status: str, stall: float = 0.0) -> AsyncIterator[int]:
    """The port of a server that answers each read at once, but for one, at which all of it stands still."""
    command = [sys.executable, "-c", SERVER, status, str(stall)]
    server = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert server.stdout is not None
        yield int(await server.stdout.readline())
    finally:
        server.terminate()
        await server.communicate()


async def test_a_stall_counts_for_every_request_that_was_due_meanwhile() -> None:
    """At 500 a second a stall of 0.4 s delays 200 requests; a client that waits for answers would have seen it once."""
    async with answering("200 OK", stall=0.4) as port:
        client = Client(port, rate=500.0, seconds=1.2)
        await client.run()
    assert (len(client.latencies), client.failed) == (600, 0)
    assert len([latency for latency in client.latencies if latency > 0.2]) >= 90
    assert max(client.latencies) >= 0.36


async def test_what_is_refused_counts_as_failed() -> None:
    async with answering("503 Sorry") as port:
        client = Client(port, rate=200.0, seconds=0.25)
        await client.run()
    assert (len(client.latencies), client.failed) == (50, 50)


# ---- the load that is never idle


def test_wrk_is_read() -> None:
    turn = read("Running 1s test\n  10 requests in 1.00s\nDONE 10 12345 2", {"serving": 0.001, "control": 0.0005})
    assert (turn.done, turn.received, turn.failed) == (10, 12345, 2)
    assert turn.each == pytest.approx(150)
    assert turn.of("control", "shadow") == pytest.approx(50)


def test_what_wrk_says_when_it_does_not_run_is_shown() -> None:
    with pytest.raises(SystemExit, match="unable to connect"):
        read("unable to connect to 127.0.0.1:1", {})


def test_the_gateways_processes_are_told_apart() -> None:
    assert kind_of(b"python\0-m\0gateway.shadow.main\0") == "shadow"
    assert kind_of(b"python\0-m\0gateway.control.main\0") == "control"
    assert kind_of(b"python\0-m\0gateway.proxy.worker\0") == kind_of(b"nginx: worker process") == "serving"


def test_large_bodies_are_few() -> None:
    """2,000 users with a MiB each would not fit into the client."""
    assert "for i = 1, 32 do" in script(Shape(up=1 << 20))
    assert "for i = 1, 2000 do" in script(Shape())


# ---- the others


def test_every_feature_is_a_configuration_without_faults(tmp_path: Path) -> None:
    for name in gateways.FEATURES:
        setting = Setting(variants=3, routes=2, feature=name)
        text = json.dumps(gateways.config(setting, port=8080, admin=9090, model=8000, folder=tmp_path))
        load(text.encode(), name, tmp_path)


def test_each_is_asked_for_the_same_shares(tmp_path: Path) -> None:
    place = peers.Place(80, 8000, tmp_path)
    assert "10.00% v1; * v0;" in peers.nginx(Setting(), place)
    assert "server v1 127.0.0.1:8000 weight 10" in peers.haproxy(Setting(), place)
    assert '{"name": "v1", "weight": 10}' in peers.envoy(Setting(), place)
    assert peers.nginx(Setting(variants=100), place).count("1.00% v") == 99
    assert (tmp_path / "paths").read_text() == "/v1/bench-0\n"


def test_what_passes_on_bytes_reads_no_http(tmp_path: Path) -> None:
    text = peers.passing(Setting(), peers.Place(80, 8000, tmp_path))
    assert "mode tcp" in text
    assert "bind 127.0.0.1:80 " in text
    assert "server model 127.0.0.1:8000\n" in text


def test_bytes_alone_are_measured_only_where_their_program_is_wanted() -> None:
    assert contenders.passing([]) == []


def test_bytes_alone_are_no_peer() -> None:
    """What reads no HTTP is shown, but the gateway is not said to be worse than it."""
    table = Table("streams", "Streams", "How it is done.", "microseconds")
    for name, figure in (("gateway", 30), ("HAProxy", 20), (PASSING, 10)):
        table.add("an event", name, figure)
    worse, _ = page.standing([table], "gateway")
    assert {row: list(cells) for row, cells in worse.items()} == {"Streams: an event": ["HAProxy"]}


# ---- figures, page and plot


def test_quantiles_and_ratios() -> None:
    assert quantile([3, 1, 2, 4], 0.5) == 2
    assert quantile(range(1, 1001), 0.999) == 999
    assert math.isnan(quantile([], 0.5))
    found = ratio([10, 30, 20], [10, 10, 10])
    assert found is not None
    assert (found.middle, found.least, found.most) == (2, 1, 3)
    assert ratio([1], [0]) is None


@pytest.fixture
def table() -> Table:
    """The gateway loses in one row, wins in another, and is as good in a third."""
    made = Table("requests", "The cost of a request", "How it is done.", "microseconds")
    for row, ours, theirs in (("small", 40, 20), ("large", 400, 800), ("medium", 100, 101)):
        made.add(row, "gateway", ours)
        made.add(row, "nginx & others", theirs)
    return made


def test_the_page_says_first_where_others_are_better(table: Table) -> None:
    worse, better = page.standing([table], "gateway")
    assert {row: list(cells) for row, cells in worse.items()} == {"The cost of a request: small": ["nginx & others"]}
    assert {row: list(cells) for row, cells in better.items()} == {"The cost of a request: large": ["nginx & others"]}
    text = page.page([table], {"machine": "one"}, ours="gateway", plots={})
    assert text.index("## Where others are better") < text.index("## Where the gateway is better")
    assert "| small | 40 | 20 (2.00) |" in text


def test_better_in_most_rounds_is_not_better(table: Table) -> None:
    """Nor is it worse; but what is worse in most rounds is said."""
    for row, ours in (("large", 900), ("large", 300), ("small", 10), ("small", 50)):
        table.add(row, "gateway", ours)
        table.add(row, "nginx & others", 800 if row == "large" else 20)
    worse, better = page.standing([table], "gateway")
    assert (list(worse), list(better)) == (["The cost of a request: small"], [])


def test_a_busy_machine_is_told_of(table: Table) -> None:
    said = "The machine was busy"
    assert said in page.page([table], {}, ours="gateway", plots={}, busy=True)
    assert said not in page.page([table], {}, ours="gateway", plots={})


def test_a_logarithmic_plot_has_bars_between_none_and_all(table: Table) -> None:
    root = ET.fromstring(plot.bars(table, logarithmic=True))
    widths = [float(each.attrib["width"]) for each in root.iter("{http://www.w3.org/2000/svg}rect")][3:]
    assert 0 < min(widths) < max(widths) == plot.WIDTH


def test_the_page_shows_what_failed(table: Table) -> None:
    table.notes += ["small, nginx: 3 of 10 requests failed in a round."] * 2
    assert page.body(table, "gateway").count("3 of 10 requests failed") == 1


def test_features_are_held_against_the_first() -> None:
    made = Table("features", "Features", "", "microseconds", features=True)
    for row, totals, more in (("usual", (40, 60), 0), ("log", (46.5, 42.5), 2.5)):
        made.add(row, MORE, more)
        for total in totals:
            made.add(row, TOTAL, total)
            made.add(row, ASIDE, 1)
    assert "| log | +2.5 | 42.5 | 44.5 | 1.0 |" in page.body(made, "gateway")
    assert page.standing([made], "gateway") == ({}, {})


def test_a_plot_is_svg_with_a_bar_for_each_figure(table: Table) -> None:
    root = ET.fromstring(plot.bars(table, relative_to="gateway"))
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert len(list(root.iter("{http://www.w3.org/2000/svg}rect"))) == 1 + 2 + 6
    assert {"nginx & others", "small", "0.5", "2"} <= set(texts)


def test_how_python_was_built_is_said() -> None:
    assert machine.build(sys.executable).startswith(("with PGO", "built without PGO"))
