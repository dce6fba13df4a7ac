"""The protocol of a tunnel is the model's choice, and the tunnel is one connection of one client."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.support.client import Client, request
from tests.support.gateway import Gateway
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin

CLIENTS = 'gateway_connections{side="client"}'
PATIENCE = 20.0
ASK = request("GET", "/tunnel", "Connection: Upgrade", "Upgrade: proto-one, proto-two")
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: proto-two\r\n\r\n"


def choose(connection: Connection, seen: Request) -> None:
    """The second of what is offered."""
    connection.send(SWITCH)
    connection.wait_gone()


@contextmanager
def tunnel(gateway: Gateway) -> Iterator[Client]:
    """A client whose connection has become one."""
    with gateway.connect() as client:
        client.send(ASK)
        assert client.head().status == 101
        yield client


def test_the_answer_names_what_the_model_chose(client: Client, origin: Origin) -> None:
    origin.answers["/tunnel"] = choose
    client.send(ASK)
    answer = client.head()
    assert (answer.status, answer.text("upgrade")) == (101, "proto-two")
    assert answer.names.count("upgrade") == 1


def wait_clients(gateway: Gateway, count: int) -> None:
    """Return when that many connections of clients are counted."""
    give_up = time.monotonic() + PATIENCE
    while (seen := gateway.metrics()[CLIENTS]) != count:
        assert time.monotonic() < give_up, f"{seen} connections"
        time.sleep(0.05)


def test_a_tunnel_is_one_connection_of_a_client(gateway: Gateway, origin: Origin) -> None:
    origin.answers["/tunnel"] = choose
    wait_clients(gateway, 0)
    with ExitStack() as tunnels:
        for _ in range(5):
            tunnels.enter_context(tunnel(gateway))
        wait_clients(gateway, 5)
    wait_clients(gateway, 0)
