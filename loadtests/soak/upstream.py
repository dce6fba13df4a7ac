"""The models of a soak: `python -m loadtests.soak.upstream BOOK SIZE`.

They print their ports, and serve until they are ended.
"""

import asyncio
import json
import sys
from pathlib import Path

import uvloop

from loadtests.models.answers import Asked
from loadtests.models.lengths import distribution
from loadtests.models.serving import Connection, Model
from loadtests.models.switchboard import Switchboard
from loadtests.soak.book import OTHERS, Book, number_of
from loadtests.soak.plan import LEAVERS, LIVE, MODELS


class Kept(Model):
    """A model that keeps the book."""

    def __init__(self, name: str, book: Book) -> None:
        super().__init__(name, distribution("20ms" if name == LEAVERS else "0s", "delay"))
        self._book = book
        self._bit = LIVE.index(name) if name in LIVE else OTHERS

    def on_received(self, connection: Connection, asked: Asked) -> None:
        super().on_received(connection, asked)
        number = None if connection.is_shadow else number_of(asked.request_id)
        if number is not None:
            self._book.received(number, self._bit)

    def on_good(self, connection: Connection, asked: Asked) -> None:
        super().on_good(connection, asked)
        self._answered(connection, asked)

    def on_fault(self, connection: Connection, do: str, asked: Asked) -> None:
        super().on_fault(connection, do, asked)
        if do == "trickle":
            self._answered(connection, asked)

    def _answered(self, connection: Connection, asked: Asked) -> None:
        number = None if connection.is_shadow else number_of(asked.request_id)
        if number is not None:
            self._book.answered(number, self._bit)


async def serve(file: Path, size: int) -> None:
    """Until the process is ended."""
    book = Book(file, size)
    models: dict[str, Model] = {name: Kept(name, book) for name in MODELS}
    ports = {name: await model.start("127.0.0.1", 0) for name, model in models.items()}
    switchboard = await Switchboard(models).start(0)
    print(json.dumps({"models": ports, "switchboard": switchboard}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
