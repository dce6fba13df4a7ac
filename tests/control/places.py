"""What the tests of control stand on: configurations, a run directory, a store in a file, workers that take all."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.config.load import Configuration, load
from gateway.control.counts import Counts
from gateway.control.events import Events
from gateway.control.gate import Gate
from gateway.control.keeping import Keeping
from gateway.control.start import begin
from gateway.core.model import Snapshot
from gateway.links.board import Board
from gateway.links.log import Log
from gateway.links.rundir import RunDir
from gateway.store.store import Store

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
TEXT = b"""\
listen: [127.0.0.1:8080]
variants:
  one: {endpoints: [http://10.0.0.1:8000]}
  two: {endpoints: [http://10.0.0.2:8000]}
routes:
  r: {match: {path: /r}, targeting_key: [{header: x-user}], split: {one: 9, two: 1}}
"""
RESPLIT = TEXT.replace(b"one: 9, two: 1", b"one: 5, two: 5")
MOVED = TEXT.replace(b":8080", b":8081")
FAULTY = TEXT.replace(b"split:", b"splt:")


class Fleet:
    """Workers that take every snapshot at once."""

    def __init__(self) -> None:
        self.taken: list[Snapshot] = []
        self.notes: Sequence[str] = ()

    async def swap(self, before: Snapshot, after: Snapshot) -> Sequence[str]:
        assert before.serial < after.serial
        self.taken.append(after)
        return self.notes


class Place:
    """A gate with everything around it, on a folder; `file` is the configuration file."""

    def __init__(self, folder: Path, text: bytes = TEXT) -> None:
        self.file = folder / "gateway.yaml"
        self.file.write_bytes(text)
        self.database = folder / "gateway.db"
        self.said = (folder / "log").open("wb")
        self.log = Log("control", descriptor=self.said.fileno())
        self.run_dir = RunDir(str(folder))
        self.now = START
        self.fleet = Fleet()
        self.board = Board.create(folder / "board", 1)
        self.counts = Counts(self.board.slot(0))
        begun = begin(self.file, None, last_good=False, now=START).standing
        self.keeping = Keeping(Store(begun.settings.store.reveal()), self.log, self.counts, waiting=begun.pending)
        self.events = Events(self.log, lambda: self.now, last=begun.event)
        self.gate = Gate(
            begun,
            self.run_dir,
            load=self.load,
            keeping=self.keeping,
            events=self.events,
            fleet=self.fleet,
            counts=self.counts,
            addressed=lambda event: (),
            configured=lambda settings: None,
            now=lambda: self.now,
        )

    def close(self) -> None:
        self.keeping.close()
        self.said.close()

    def load(self, text: bytes) -> Configuration:
        return load(text, name=str(self.file), folder=self.file.parent)

    def later(self, **length: float) -> datetime:
        return self.now + timedelta(**length)

    @property
    def store(self) -> Store:
        """Another look at the same database."""
        return Store(f"sqlite:///{self.database}")

    def happened(self) -> list[tuple[str, str, str]]:
        events = self.events.recent(1, 1_000) or []
        return [(event.kind, event.subject, event.who) for event in events]
