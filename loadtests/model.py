"""A model server that only answers: the least work one can do, so that a load test measures the gateway.

    python loadtests/model.py PORT
"""

import asyncio
import sys
from typing import Any

import httptools
import uvloop

BODY = b'{"model_name":"fraud","outputs":[{"name":"score","shape":[1],"datatype":"FP64","data":[0.9821]}]}'
REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Model(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: Any) -> None:
        """Begin to read requests."""
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Answer, whatever was asked."""
        self.transport.write(REPLY)


async def serve(port: int) -> None:
    """Until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Model, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
