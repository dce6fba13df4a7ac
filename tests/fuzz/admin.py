"""The admin API of a gateway under bytes of all kinds: it answers, never with an error of its own, and lives on."""

import contextlib
from collections.abc import Iterator

from tests.fuzz.targets import Target
from tests.support import http1
from tests.support.client import Client, request
from tests.support.gateway import Gateway, config
from tests.support.http1 import ClosedError, TruncatedError

WORDS = [b"GET ", b"PUT ", b"POST ", b"DELETE ", b"/api/v1/", b"status", b"config", b"revisions/", b"variants/model/"]
WORDS += [
    b"routes/all/",
    b"?since=",
    b"?limit=-1",
    b"%00",
    b"%2f",
    b"..",
    b'{"state":',
    b'"expires": "',
    b"1e999",
    b"null",
]
WORDS += [
    b"[",
    b"{}",
    b"\r\n",
    b"If-Match: ",
    b"Authorization: Bearer ",
    b"Content-Length: ",
    b"9" * 30,
    b"Host: a\r\n",
]
INTERNAL = 500


@contextlib.contextmanager
def admin() -> Iterator[Target]:
    """The target, while its gateway runs. Nothing that it is sent stops it, or makes it answer 500."""
    with Gateway(config("http://127.0.0.1:9")) as gateway:

        def target(data: bytes) -> None:
            with Client(gateway.admin_port) as client:
                client.send(data)
                client.end_sending()
                statuses = _statuses(client)
            assert INTERNAL not in statuses, f"answered {statuses}"
            assert gateway.process.poll() is None, "the gateway has ended"

        yield target
        with Client(gateway.admin_port) as client:
            answer = client.exchange(request("GET", "/livez", host="127.0.0.1"))
        assert answer.status == 200
        assert "Traceback" not in gateway.stderr, gateway.stderr


def _statuses(client: Client) -> list[int]:
    """Of the replies until the gateway closes. What streams without end is left after its head, and so is a reply to a
    request of HTTP/0.9, which aiohttp answers in a way of its own."""
    statuses: list[int] = []
    with contextlib.suppress(ClosedError, TruncatedError, ConnectionResetError, http1.MalformedError):
        while True:
            reply = http1.read_final_head(client.stream)
            statuses.append(reply.status)
            if reply.status == 101 or reply.text("content-type").startswith("text/event-stream"):
                return statuses
            http1.read_reply_body(client.stream, reply, method="GET")
    return statuses
