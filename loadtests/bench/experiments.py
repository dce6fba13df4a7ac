"""What is measured, one function for each page section. Contenders take turns within a round, round after round."""

import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from loadtests.bench import gateways, idle, more
from loadtests.bench.contenders import COMPILED, PURE, ROOT, Contender, Target, gateway_contenders, passing
from loadtests.bench.figures import ASIDE, DIRECT, MORE, TOTAL, Table
from loadtests.bench.load import Shape, Turn, load, rest
from loadtests.bench.setting import Setting
from loadtests.model import CHUNK
from loadtests.stand import OTHERS, NotStarted, Stand

KIB, MIB = 1 << 10, 1 << 20
CPU = "CPU microseconds of a request"
EVENTS = 100
CHAT = (
    """'{"model": "%s", "messages": [{"role": "user", "content": "Is ' .. i .. ' even? """
    + "Say yes or no. " * 20
    + """"}]}'"""
)


@dataclass(frozen=True)
class Bench:
    """What all of them use."""

    stand: Stand
    model: int
    contenders: Sequence[Contender]
    rounds: int
    seconds: float

    @contextmanager
    def running(self, setting: Setting, contenders: Sequence[Contender] | None = None) -> Iterator[list[Target]]:
        """All of them, or those, before the model. Another proxy that does not start here is said and left out."""
        targets: list[Target] = []
        try:
            for contender in self.contenders if contenders is None else contenders:
                try:
                    targets.append(contender.start(self.stand, setting, self.model))
                except NotStarted as fault:
                    if contender.name in {PURE, COMPILED}:
                        raise
                    sys.stderr.write(f"{str(fault)[-2000:]}\n{contender.name} does not start, so it is left out\n")
            yield targets
        finally:
            for target in targets:
                self.stand.stop(target.pid)

    @property
    def gateways(self) -> list[Contender]:
        """Ours."""
        return [each for each in self.contenders if each.name in {PURE, COMPILED}]

    def turn(self, target: Target, shape: Shape) -> Turn:
        """One."""
        return load(target, shape, folder=self.stand.folder, seconds=self.seconds)

    def warm(self, targets: Sequence[Target], *shapes: Shape) -> None:
        """Each once, shortly, after it has come to rest from its start."""
        for target in targets:
            rest(target)
            for shape in shapes:
                load(target, shape, folder=self.stand.folder, seconds=min(self.seconds, 0.5))


def measure(bench: Bench, table: Table, row: str, *, targets: Sequence[Target], shape: Shape) -> None:
    """One turn each."""
    for target in targets:
        turn = bench.turn(target, shape)
        table.add(row, target.name, turn.each)
        note_failed(table, f"{row}, {target.name}", turn)


def note_failed(table: Table, what: str, turn: Turn) -> None:
    """Figures of requests that failed are not passed over."""
    if turn.failed:
        table.notes.append(f"{what}: {turn.failed} of {turn.done} requests failed in a round.")


def requests(bench: Bench) -> Iterator[Table]:
    """The cost of a request, by the size of bodies."""
    shapes = {
        "1 KB in, 0.1 KB out": Shape(),
        "the same, a new trace id each": Shape(traced=True),
        "64 KiB in": Shape(up=64 * KIB, connections=16),
        "64 KiB out": Shape(up=0, query=f"?reply={64 * KIB}", connections=16),
        "1 MiB in": Shape(up=MIB, connections=8),
        "1 MiB out": Shape(up=0, query=f"?reply={MIB}", connections=8),
    }
    text = "One worker on one core, 32 connections that are never idle, 16 for 64 KiB and 8 for 1 MiB."
    table = Table("requests", "The cost of a request", text, CPU)
    with bench.running(Setting()) as targets:
        bench.warm(targets, shapes["1 KB in, 0.1 KB out"], shapes["1 MiB out"])
        for _ in range(bench.rounds):
            for row, shape in shapes.items():
                measure(bench, table, row, targets=targets, shape=shape)
    yield table


def streams(bench: Bench) -> Iterator[Table]:
    """The cost of an event of a stream."""
    shape = Shape(up=0, query=f"?events={EVENTS}&gap=2", connections=64)
    text = (
        f"Streams of {EVENTS} server-sent events, 2 ms apart, 64 at once, each passed on as it comes. Where HAProxy is "
        "installed, the last column is what it takes to pass on bytes without reading HTTP: one read and one write for "
        "each event, which nobody who sends events on at once can do without."
    )
    table = Table("streams", "The cost of a stream", text, "CPU microseconds of an event", digits=1)
    with bench.running(Setting(), [*bench.contenders, *passing(bench.contenders)]) as targets:
        bench.warm(targets, shape)
        for _ in range(bench.rounds):
            for target in targets:
                turn = bench.turn(target, shape)
                # Of streams that were under way at the end as well, so by what came of them.
                table.add("an event", target.name, turn.total * 1e6 * len(CHUNK) / max(turn.received, 1))
                note_failed(table, f"an event, {target.name}", turn)
    yield table


def latency(bench: Bench) -> Iterator[Table]:
    """Latency at fixed rates."""
    text = (
        "1 KB requests at a fixed rate, the next one sent when it is due whether or not answers have come, and timed "
        "from when it was due, so that a stall counts for all that were due meanwhile. The row of the client says how "
        "late it was itself, the column without a proxy what the client and the model take of the time."
    )
    table = Table("latency", "Latency at a fixed rate", text, "milliseconds", digits=2)
    with bench.running(Setting()) as targets:
        bench.warm(targets, Shape())
        for _ in range(bench.rounds):
            for rate in (1000, 4000):
                for target in [*targets, Target(DIRECT, 0, bench.model)]:
                    _latency_turn(bench, table, target, rate)
    yield table


def _latency_turn(bench: Bench, table: Table, target: Target, rate: int) -> None:
    client = ["taskset", "-c", str(OTHERS), sys.executable, "-m", "loadtests.bench.openloop", str(target.port)]
    command = [*client, "--rate", str(rate), "--seconds", str(2 * bench.seconds)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout
    found = json.loads(said)
    for name in ("p50", "p99", "p99.9"):
        table.add(f"{rate:,}/s, {name}", target.name, found[name])
    table.add(f"{rate:,}/s, the client late, p99", target.name, found["late"])
    if found["failed"]:
        table.notes.append(f"{rate:,}/s, {target.name}: {found['failed']} requests failed in a round.")


def connections(bench: Bench) -> Iterator[Table]:
    """Idle connections."""
    count = idle.possible(10_000)
    text = (
        f"{count:,} connections that have asked once and then wait. Memory is that of all processes, what they share "
        "counted once; nginx has set aside its connections before the first comes."
    )
    memory = Table("connections", "Idle connections", text, "what the rows say", digits=1)
    with bench.running(Setting()) as targets:
        bench.warm(targets, Shape())
        for target in targets:
            _connections_turn(bench, memory, target, count)
    yield memory


def _connections_turn(bench: Bench, table: Table, target: Target, count: int) -> None:
    alone = bench.turn(target, Shape())
    before = idle.memory(target.pid)
    table.add("MiB of all processes at rest", target.name, before / KIB)
    with idle.idle(target.port, count):
        table.add("KiB of each connection", target.name, max(0.0, idle.memory(target.pid) - before) / count)
        beside = bench.turn(target, Shape())
    table.add("CPU microseconds of a request without them", target.name, alone.each)
    table.add("CPU microseconds of a request beside them", target.name, beside.each)


def routes(bench: Bench) -> Iterator[Table]:
    """Growth with the number of routes."""
    text = "1 KB requests spread over that many routes with a path each. Envoy tries its routes one after the other."
    table = Table("routes", "Growth with routes", text, CPU)
    settings = {f"{count:,} routes" if count > 1 else "1 route": Setting(routes=count) for count in (1, 100, 2000)}
    _grow(bench, table, settings)
    yield table


def variants(bench: Bench) -> Iterator[Table]:
    """Growth with the number of variants."""
    text = "1 KB requests of one route, split among that many variants."
    table = Table("variants", "Growth with variants", text, CPU)
    _grow(bench, table, {f"{count} variants": Setting(variants=count) for count in (2, 10, 100)})
    yield table


def workers(bench: Bench) -> Iterator[Table]:
    """More processes or threads that serve."""
    text = (
        "1 KB requests, 64 connections. Two workers share all cores with the client where there are no more than two, "
        "so this is what a request costs, not how many can be served. nginx and the gateway have processes, the "
        "others threads."
    )
    table = Table("workers", "Workers", text, CPU)
    settings = {f"{count} worker{'s' * (count > 1)}": Setting(workers=count) for count in (1, 2)}
    _grow(bench, table, settings, Shape(connections=64))
    yield table


def _grow(bench: Bench, table: Table, settings: dict[str, Setting], shape: Shape | None = None) -> None:
    for row, setting in settings.items():
        asked = shape or Shape(routes=setting.routes)
        with bench.running(setting) as targets:
            bench.warm(targets, asked)
            for _ in range(bench.rounds):
                measure(bench, table, row, targets=targets, shape=asked)


def features(bench: Bench) -> Iterator[Table]:
    """What each feature costs."""
    text = (
        "1 KB requests. Gateways that differ in one thing run side by side, five with the one of the first row, and "
        "take turns. What else goes on in a machine only ever adds to what a turn takes, so the difference is that "
        "between the least of the one and the least of the other; a few microseconds either way are chance. The cost "
        "includes the control and the shadow process; the share of those is the last column. All of a gateway is on "
        "one core here, which is full, so the shadow process has a tenth of it: copies beyond that are dropped. "
        "Counting for metrics cannot be turned off, so it is in every row; what reading them costs has its own."
    )
    # Differences are small: more, shorter turns, so that what differs was done at nearly the same time.
    bench = replace(bench, rounds=2 * bench.rounds, seconds=bench.seconds / 2)
    for contender in bench.gateways:
        title = f"What each feature costs: {contender.name}"
        table = Table(f"features of the {contender.name}", title, text, CPU, digits=1, features=True)
        for names in _sixes(list(gateways.FEATURES)):
            _features(bench, table, contender, names)
        yield table


def _sixes(names: list[str]) -> Iterator[list[str]]:
    """The first one with each few of the others: memory for all of them at once is not everywhere."""
    for begin in range(1, len(names), 5):
        yield [names[0], *names[begin : begin + 5]]


def _from(names: list[str], number: int) -> list[str]:
    """All of them, beginning with another one in each round: who comes first has rested longest."""
    first = number % len(names)
    return names[first:] + names[:first]


def _features(bench: Bench, table: Table, contender: Contender, names: list[str]) -> None:
    targets: dict[str, Target] = {}
    least: dict[str, float] = {}
    try:
        for name in names:
            targets[name] = contender.start(bench.stand, Setting(feature=name), bench.model)
        bench.warm(list(targets.values()), Shape())
        for number in range(bench.rounds):
            for name in _from(names, number):
                turn = _feature_turn(bench, name, targets[name])
                least[name] = min(turn.each, least.get(name, turn.each))
                table.add(name, TOTAL, turn.each)
                table.add(name, ASIDE, turn.of("control", "shadow"))
        for name in names:
            table.add(name, MORE, least[name] - least[names[0]])
    finally:
        bench.stand.stop(*(target.pid for target in targets.values()))


def _feature_turn(bench: Bench, name: str, target: Target) -> Turn:
    if name != gateways.SCRAPED:
        return bench.turn(target, Shape())
    with scraping(f"http://127.0.0.1:{target.admin}/metrics", every=0.1):
        return bench.turn(target, Shape())


@contextmanager
def scraping(url: str, *, every: float) -> Iterator[None]:
    """Something reads the metrics, while this lasts."""
    over = threading.Event()

    def scrape() -> None:
        while not over.wait(every):
            with urllib.request.urlopen(url, timeout=5) as reply:
                reply.read()

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def chat(bench: Bench) -> Iterator[Table]:
    """Beside gateways for language models."""
    text = "A chat call of 0.5 KB in OpenAI's API, 16 connections; the gateway's route has the protocol openai."
    table = Table("chat", "Beside gateways for language models", text, CPU)
    contenders = [*gateway_contenders(gateways.chat), *more.found()]
    table.notes += [f"{name} is not installed, so it is not measured." for name in more.missing(contenders)]
    # Some answer few calls a second, and what was under way at the end of a turn is no answer.
    bench = replace(bench, seconds=max(bench.seconds, 3.0))
    with bench.running(Setting(), contenders) as targets:
        shapes = {target.name: _chat_shape(target.name) for target in targets}
        for target in targets:
            bench.warm([target], shapes[target.name])
        for _ in range(bench.rounds):
            for target in targets:
                measure(bench, table, "a chat call", targets=[target], shape=shapes[target.name])
    yield table


def _chat_shape(name: str) -> Shape:
    path, model = more.ASKED.get(name, more.USUAL)
    return Shape(connections=16, path=path, body=CHAT % model)


EXPERIMENTS: dict[str, Callable[[Bench], Iterator[Table]]] = {
    "requests": requests,
    "streams": streams,
    "latency": latency,
    "connections": connections,
    "routes": routes,
    "variants": variants,
    "workers": workers,
    "features": features,
    "chat": chat,
}
