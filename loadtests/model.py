"""A model server that only answers: the least work one can do, so that a load test measures the gateway.

    python loadtests/model.py PORT

A query asks for another answer: `?reply=BYTES`, or `?events=COUNT&gap=MILLISECONDS` for a stream of events.
"""

import asyncio
import sys
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import httptools
import uvloop

BODY = b'{"model_name":"fraud","outputs":[{"name":"score","shape":[1],"datatype":"FP64","data":[0.9821]}]}'
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
REPLY = HEAD % len(BODY) + BODY
CHAT = (
    b'{"id":"chat-1","object":"chat.completion","created":1700000000,"model":"chat","choices":[{"index":0,"message":'
    b'{"role":"assistant","content":"Yes."},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,'
    b'"total_tokens":11}}'
)
STREAM = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-accel-buffering: no\r\ntransfer-encoding: chunked\r\n\r\n"
)
EVENT = b'data: {"id":"chat-1","choices":[{"index":0,"delta":{"content":"token "}}]}\n\n'
CHUNK = b"%x\r\n%s\r\n" % (len(EVENT), EVENT)
LAST = b"0\r\n\r\n"


class Model(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: Any) -> None:
        """Begin to read requests."""
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        """What is asked for."""
        self.url = url

    def on_message_complete(self) -> None:
        """Answer."""
        if b"?events=" in self.url:
            self.transport.write(STREAM)
            self.stream(*counts(self.url))
        else:
            self.transport.write(reply(self.url) if b"?" in self.url or b"/chat/" in self.url else REPLY)

    def stream(self, left: int, gap: float) -> None:
        """An event now, the others later."""
        if self.transport.is_closing():
            return
        if left:
            self.transport.write(CHUNK)
            asyncio.get_running_loop().call_later(gap, self.stream, left - 1, gap)
        else:
            self.transport.write(LAST)


def asked(url: bytes) -> dict[str, str]:
    """The query."""
    return {name: values[0] for name, values in parse_qs(url.partition(b"?")[2].decode()).items()}


@cache
def reply(url: bytes) -> bytes:
    """As long as is asked for; a chat's answer on a chat's path."""
    body = CHAT if b"/chat/" in url else b"x" * int(asked(url).get("reply", "0"))
    return HEAD % len(body) + body


@cache
def counts(url: bytes) -> tuple[int, float]:
    """Events, and seconds between them."""
    query = asked(url)
    return int(query["events"]), int(query.get("gap", "2")) / 1000


async def serve(port: int) -> None:
    """Until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Model, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
