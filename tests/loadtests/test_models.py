"""Models that misbehave do what their scenario says, and nothing else."""

import asyncio
import json
import random
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from loadtests.models.faults import choose, listens, read_faults
from loadtests.models.lengths import ScenarioError, distribution
from loadtests.models.scenario import load
from loadtests.models.serving import Model
from tests.support.kernel import free_port

ROOT = Path(__file__).parent.parent.parent
REQUEST = b"POST %b HTTP/1.1\r\nhost: a\r\nx-request-id: r1\r\ncontent-length: %d\r\n\r\n%b"
GOOD = b'{"model":"m","id":"r1","size":3,"sum":891568578}'


@asynccontextmanager
async def model(*faults: dict[str, Any]) -> AsyncIterator[tuple[Model, int]]:
    served = Model("m", distribution("0s", "delay"), random.Random(1))
    port = await served.start("127.0.0.1", 0)
    served.turn(read_faults(list(faults), "faults"))
    try:
        yield served, port
    finally:
        await served.stop()


async def ask(port: int, *, path: bytes = b"/x", body: bytes = b"abc", wait: float = 5.0) -> bytes:
    """All that comes until the end of the connection, or until nothing more comes for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST % (path, len(body), body))
    got = b""
    try:
        while data := await asyncio.wait_for(reader.read(65536), wait):
            got += data
            if got.endswith((GOOD, b"oops", b"wait", b"0\r\n\r\n")):
                break
    except TimeoutError:
        got += b"<nothing more>"
    except ConnectionResetError:
        got += b"<reset>"
    finally:
        writer.close()
    return got


async def is_served(port: int) -> bool:
    """Whether a whole good answer comes, or else no connection."""
    try:
        assert (await ask(port)).endswith(GOOD)
    except ConnectionRefusedError:
        return False
    return True


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ({"do": "error", "status": 503}, b"HTTP/1.1 503 Oops\r\n"),
        ({"do": "limit", "retry_after": "3s"}, b"HTTP/1.1 429 Too Many Requests\r\n"),
        ({"do": "reset"}, b"<reset>"),
        ({"do": "close"}, b""),
        ({"do": "garbage"}, b"SSH-2.0 hello\r\n\r\n"),
        ({"do": "hang"}, b"<nothing more>"),
        ({"do": "lie", "by": 10}, HEAD % (len(GOOD) + 10) + GOOD),
        ({"do": "lie", "by": -10}, HEAD % (len(GOOD) - 10) + GOOD),
        ({"do": "trickle", "every": "1ms"}, HEAD % len(GOOD) + GOOD),
        ({"do": "slow", "delay": "1ms"}, HEAD % len(GOOD) + GOOD),
        ({"do": "slow_start", "delay": "1ms", "over": "1m"}, HEAD % len(GOOD) + GOOD),
        ({"do": "error", "share": "0%"}, HEAD % len(GOOD) + GOOD),
    ],
    ids=lambda given: given["do"] if isinstance(given, dict) else None,
)
async def test_each_fault_of_a_call_is_what_it_says(fault: dict[str, Any], seen: bytes) -> None:
    async with model(fault) as (served, port):
        got = await ask(port, wait=0.3)
        assert got.startswith(seen)
        if b"200 OK" in seen:
            assert got == seen
        assert served.counts["received"] == 1
        assert served.counts["good"] + served.counts[fault["do"]] == 1


async def test_a_cut_reply_ends_before_its_announced_length() -> None:
    async with model({"do": "cut", "after": "50%"}) as (_, port):
        whole = HEAD % len(GOOD) + GOOD
        assert await ask(port) == whole[: len(whole) // 2]


async def test_a_cut_chat_stream_has_whole_words_and_no_end() -> None:
    async with model({"do": "cut", "after": "50%"}) as (_, port):
        got = await ask(port, path=b"/v1/chat/completions", body=b'{"stream":true}')
        assert b'"content":"r1/3 "' in got
        assert b"[DONE]" not in got


async def test_a_chat_stream_of_a_well_model_is_whole() -> None:
    async with model() as (_, port):
        got = await ask(port, path=b"/v1/chat/completions", body=b'{"stream":true}')
        assert [b"r1/%d " % number in got for number in range(8)] == [True] * 8
        assert got.endswith(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")


async def test_a_model_that_refuses_comes_back() -> None:
    async with model({"do": "refuse"}) as (served, port):
        while await is_served(port):
            await asyncio.sleep(0.01)
        served.turn(())
        while not await is_served(port):
            await asyncio.sleep(0.01)


async def test_an_end_without_a_byte_on_a_connection_that_has_served_is_counted() -> None:
    async with model() as (served, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST % (b"/x", 3, b"abc"))
        await reader.readuntil(GOOD)
        served.turn(read_faults([{"do": "close"}], "faults"))
        writer.write(REQUEST % (b"/x", 3, b"abc"))
        assert await reader.read() == b""
        writer.close()
        assert served.counts == {"received": 2, "good": 1, "close": 1, "silent": 1}


async def test_a_trickle_that_is_broken_off_is_counted_as_cut() -> None:
    """As when the model leaves meanwhile: callers see an answer that ends too soon."""
    async with model({"do": "trickle", "every": "50ms"}) as (served, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST % (b"/x", 3, b"abc"))
        await reader.readexactly(2)
        served.turn(read_faults([{"do": "refuse"}], "faults"))
        assert GOOD not in await reader.read()
        writer.close()
        assert served.counts == {"received": 1, "trickle": 1, "cut": 1}


def test_shares_are_kept_and_grow() -> None:
    growing = {"from": "0%", "to": "50%", "over": "10s"}
    faults = read_faults([{"do": "error", "share": "20%"}, {"do": "hang", "share": growing}], "faults")
    assert [getattr(choose(faults, 5.0, drawn), "do", None) for drawn in (0.0, 0.19, 0.21, 0.44, 0.46)] == [
        "error",
        "error",
        "hang",
        "hang",
        None,
    ]
    assert choose(faults, 0.0, 0.21) is None


def test_a_flapping_model_listens_and_does_not() -> None:
    (fault,) = read_faults([{"do": "flap", "up": "2s", "down": "1s"}], "faults")
    assert [listens([fault], elapsed) for elapsed in (0.0, 1.9, 2.1, 2.9, 3.1)] == [True, True, False, False, True]


@pytest.mark.parametrize(
    ("given", "low", "middle", "high"),
    [
        ("100ms", 0.1, 0.1, 0.1),
        ({"p50": "100ms", "p99": "1s"}, 0.01, 0.1, 1.0),
        ({"from": "1s", "to": "3s"}, 1.02, 2.0, 2.98),
        ({"mean": "1s"}, 0.01, 0.693, 4.605),
    ],
)
def test_lengths_are_distributed_as_said(given: Any, low: float, middle: float, high: float) -> None:
    draw, chance = distribution(given, "delay"), random.Random(2)
    drawn = sorted(draw(chance) for _ in range(20_000))
    assert [drawn[200], drawn[10_000], drawn[19_800]] == pytest.approx([low, middle, high], rel=0.15)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("length: 1s", "models is missing"),
        ("length: 1\nmodels: {a: {listen: '127.0.0.1:0'}}", "length: 1 is no length of time"),
        ("length: 1s\nmodels: {}", "models: at least one is due"),
        ("length: 1s\nmodels: {a: {listen: here}}", "models.a.listen: 'here' is no address"),
        ("length: 1s\nmodels: {a: {listen: '127.0.0.1:0', wat: 1}}", "models.a: there is no 'wat'"),
        (
            "length: 1s\nmodels: {a: {listen: '127.0.0.1:0', timeline: [{at: 0s, faults: [{do: eror}]}]}}",
            "models.a.timeline[0].faults[0].do: 'eror' is no fault; there are error, limit,",
        ),
        (
            "length: 1s\nmodels: {a: {listen: '127.0.0.1:0', timeline: [{at: 0s, faults: [{do: error, by: 1}]}]}}",
            "error has no 'by'; it has do, share, status",
        ),
        (
            "length: 1s\nmodels: {a: {listen: '127.0.0.1:0', timeline: [{at: 0s, faults: [{do: hang}, {do: reset}]}]}}",
            "the shares add up to more than 100%",
        ),
        (
            "length: 1s\nmodels: {a: {listen: '127.0.0.1:0', timeline: [{at: 2s, faults: []}, {at: 1s, faults: []}]}}",
            "must be in the order of time",
        ),
        ("length: 1s\ncallers: {rate: fast}\nmodels: {a: {listen: '127.0.0.1:0'}}", "callers.rate: 'fast' is no whole"),
        ("length: [", "while parsing"),
    ],
)
def test_what_is_wrong_in_a_scenario_is_said(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError) as fault:
        load(file)
    assert said in str(fault.value)


def test_the_command_plays_a_scenario_and_is_switched_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    port, board = free_port(), free_port()
    file.write_text(f"length: 60s\nmodels: {{a: {{listen: '127.0.0.1:{port}'}}}}")
    command = [sys.executable, "-m", "loadtests.models", str(file), "--switchboard", str(board)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"a listens on 127.0.0.1:{port}\n"
        process.stdout.readline()
        assert put(board, "a", b"[{do: error, status: 503}]")["faults"] == ["error 503"]
        with pytest.raises(urllib.error.HTTPError, match="503"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/x", timeout=10)
        with pytest.raises(urllib.error.HTTPError, match="422"):
            put(board, "a", b"[{do: nothing}]")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            put(board, "b", b"[]")
        process.terminate()
        assert process.stdout.read() == 'a {"received": 1, "error": 1}\n'
    assert process.returncode == 0


def put(board: int, name: str, body: bytes) -> Any:
    request = urllib.request.Request(f"http://127.0.0.1:{board}/{name}", body, method="PUT")
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)
