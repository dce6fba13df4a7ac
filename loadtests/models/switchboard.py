"""Faults switched by hand: `GET /` tells what each model does and has counted, `PUT /NAME` takes a list of faults.

curl http://127.0.0.1:9009/
curl -X PUT http://127.0.0.1:9009/fraud-4 -d '[{do: error, share: 20%}]'
"""

import asyncio
import json
from typing import Any

import yaml

from loadtests.models.faults import read_faults
from loadtests.models.lengths import ScenarioError
from loadtests.models.serving import Model

LARGEST = 1 << 16
PATIENCE = 10.0


class Switchboard:
    """The HTTP side of some models; one request to a connection."""

    def __init__(self, models: dict[str, Model]) -> None:
        self._models = models

    async def start(self, port: int) -> int:
        """Listen on 127.0.0.1; the port, which is a free one for 0."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        return int(server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                status, said = self.answer(head, await reader.readexactly(min(_length(head), LARGEST)))
            text = json.dumps(said, indent=2).encode() + b"\n"
            lines = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(text)}\r\n"
            writer.write(lines.encode() + b"connection: close\r\n\r\n" + text)
            await writer.drain()
        except (OSError, EOFError, TimeoutError, ValueError):
            pass  # the caller went away, or speaks no HTTP
        finally:
            writer.close()

    def answer(self, head: str, body: bytes) -> tuple[str, Any]:
        """The status and what is said."""
        method, path = head.split(" ", 2)[:2]
        name = path.strip("/")
        if method == "GET" and not name:
            return "200 OK", {name: _told(model) for name, model in self._models.items()}
        if method != "PUT" or name not in self._models:
            return "404 Not Found", {"error": f"GET / or PUT one of {', '.join('/' + each for each in self._models)}"}
        try:
            self._models[name].turn(read_faults(yaml.safe_load(body), "faults"))
        except (ScenarioError, yaml.YAMLError) as error:
            return "422 Unprocessable Entity", {"error": str(error)}
        return "200 OK", _told(self._models[name])


def _told(model: Model) -> dict[str, Any]:
    return {"faults": [each.text for each in model.faults], "counts": dict(model.counts)}


def _length(head: str) -> int:
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0
