"""Frames: where one ends, what happens at the bounds, and a link that is dialled for ever."""

import asyncio
import socket
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.links.frames import BOUNDS, Frames, Redial, Splitter

WAIT = 10.0


def run(work: Callable[[], object]) -> None:
    asyncio.run(asyncio.wait_for(work(), WAIT))  # type: ignore[arg-type]


@given(st.lists(st.binary(max_size=50), max_size=8), st.lists(st.integers(1, 30), min_size=1, max_size=20))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(frames: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)
    splitter = Splitter()
    found: list[bytes] = []
    while stream:
        for cut in cuts:
            found += splitter.feed(stream[:cut])
            stream = stream[cut:]
    assert found == frames


def test_a_frame_that_is_too_long_is_refused_before_it_has_come() -> None:
    assert list(Splitter(largest=3).feed(b"\0\0\0\3abc")) == [b"abc"]
    with pytest.raises(ValueError, match="4 bytes, at most 3"):
        list(Splitter(largest=3).feed(b"\0\0\0\4"))


class Listener:
    """One end that accepts and keeps what it gets."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self.got: asyncio.Queue[bytes] = asyncio.Queue()
        self.lost: asyncio.Queue[Frames] = asyncio.Queue()
        self.links: list[Frames] = []
        self.linked: asyncio.Queue[Frames] = asyncio.Queue()

    async def __aenter__(self) -> "Listener":
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(self._link, self._path)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for link in self.links:
            link.close()

    def _link(self) -> Frames:
        self.links.append(Frames(lambda _, frame: self.got.put_nowait(frame), self.lost.put_nowait))
        self.linked.put_nowait(self.links[-1])
        return self.links[-1]


def dial(path: Path, greeting: bytes = b"hello") -> Redial:
    return Redial(str(path), greeting=lambda: greeting, received=lambda link, frame: None)


def test_a_link_greets_and_sends(tmp_path: Path) -> None:
    async def work() -> None:
        async with Listener(tmp_path / "s") as listener:
            redial = dial(tmp_path / "s")
            assert redial.send(b"early") is False
            task = asyncio.create_task(redial.run())
            assert await listener.got.get() == b"hello"
            assert redial.send(b"x" * BOUNDS.largest)
            assert await listener.got.get() == b"x" * BOUNDS.largest
            task.cancel()
            await listener.lost.get()

    run(work)


def test_a_link_is_dialled_until_there_is_somebody_and_again_when_it_was_lost(tmp_path: Path) -> None:
    async def work() -> None:
        task = asyncio.create_task(dial(tmp_path / "s").run())
        for _ in range(3):
            async with Listener(tmp_path / "s") as listener:
                assert await listener.got.get() == b"hello"
        task.cancel()

    run(work)


def test_a_peer_that_ends_every_link_at_once_is_dialled_ever_more_slowly(tmp_path: Path) -> None:
    async def work() -> None:
        taken: asyncio.Queue[float] = asyncio.Queue()
        now = asyncio.get_running_loop().time

        def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            taken.put_nowait(now())
            writer.close()

        server = await asyncio.start_unix_server(refuse, str(tmp_path / "s"))
        task = asyncio.create_task(dial(tmp_path / "s").run())
        times = [await taken.get() for _ in range(5)]
        pauses = [after - before for before, after in pairwise(times)]
        assert all(pause >= least for pause, least in zip(pauses, (0.05, 0.1, 0.2, 0.4), strict=True)), pauses
        task.cancel()
        server.close()

    run(work)


def test_an_announced_frame_that_is_too_long_ends_the_connection(tmp_path: Path) -> None:
    async def work() -> None:
        async with Listener(tmp_path / "s") as listener:
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
            writer.write((BOUNDS.largest + 1).to_bytes(4, "big"))
            assert await reader.read() == b""
            assert await listener.lost.get() is listener.links[0]
            writer.close()

    run(work)


def test_a_peer_that_does_not_read_costs_a_bounded_amount(tmp_path: Path) -> None:
    async def work() -> None:
        async with Listener(tmp_path / "s") as listener:
            with socket.socket(socket.AF_UNIX) as silent:
                silent.connect(str(tmp_path / "s"))
                link = await listener.linked.get()
                await asyncio.sleep(0)  # connection_made
                taken = sum(link.send(bytes(BOUNDS.largest)) for _ in range(20))
                assert BOUNDS.backlog // BOUNDS.largest <= taken < 20
                assert link.dropped == 20 - taken

    run(work)


def test_a_frame_of_ours_that_is_too_long_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="at most"):
        Frames(lambda link, frame: None, lambda link: None).send(bytes(BOUNDS.largest + 1))


def test_after_the_end_nothing_is_taken() -> None:
    link = Frames(lambda link, frame: None, lambda link: None)
    assert link.send(b"x") is False
    assert link.dropped == 1
