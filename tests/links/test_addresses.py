"""Listening sockets, and the one line that says why there are none."""

import contextlib
import socket
import subprocess
import sys

import pytest

from gateway.errors import StartError
from gateway.links.addresses import BACKLOG, bind, listen, resolve, shown
from tests.support.kernel import free_port


def close(sockets: list[socket.socket]) -> None:
    for one in sockets:
        one.close()


def test_an_address_gives_one_socket_that_listens() -> None:
    port = free_port()
    (listener,) = listen("127.0.0.1", port)
    with listener, socket.create_connection(("127.0.0.1", port), timeout=5):
        assert shown(listener, "http") == f"http://127.0.0.1:{port}"
        assert listener.getblocking() is False


def test_many_connections_may_wait() -> None:
    """The backlog is not the default of 128."""
    port = free_port()
    (listener,) = listen("127.0.0.1", port)
    waiting = 300
    with open("/proc/sys/net/core/somaxconn") as file:
        assert min(BACKLOG, int(file.read())) > waiting
    clients = [socket.create_connection(("127.0.0.1", port), timeout=1) for _ in range(waiting)]
    close([*clients, listener])


def taken_of(connection: socket.socket) -> int:
    """How many bytes the kernel takes before it wants some to be read."""
    taken = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            taken += connection.send(bytes(64 << 10))
    return taken


def test_a_client_that_reads_nothing_is_given_little() -> None:
    (listener,) = listen("127.0.0.1", 0)
    with listener, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(listener.getsockname())
        given, _ = listener.accept()
        with given:
            given.setblocking(False)
            assert taken_of(given) < 512 << 10


def test_an_ipv6_address_stands_in_brackets_and_leaves_ipv4_to_others() -> None:
    port = free_port()
    sockets = [*listen("::1", port), *listen("127.0.0.1", port)]
    assert [shown(one, "https") for one in sockets] == [f"https://[::1]:{port}", f"https://127.0.0.1:{port}"]
    close(sockets)


def test_a_name_is_bound_at_every_address_the_machine_has() -> None:
    sockets = listen("localhost", free_port())
    assert "127.0.0.1" in {one.getsockname()[0] for one in sockets}
    close(sockets)


@pytest.mark.parametrize("taken", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("wanted", ["127.0.0.1", "0.0.0.0"])
def test_an_address_in_use_is_refused(taken: str, wanted: str) -> None:
    port = free_port()
    first = listen(taken, port)
    with pytest.raises(StartError) as refused:
        listen(wanted, port)
    assert str(refused.value) == f"another gateway or program already listens on {wanted}:{port}"
    close(first)


def test_a_port_that_could_be_shared_is_refused_all_the_same() -> None:
    """One instance: even a program that shares its port keeps it."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=f"already listens on 127.0.0.1:{port}"):
            listen("127.0.0.1", port)


def test_nothing_stays_bound_when_one_of_several_addresses_is_taken() -> None:
    free = (socket.AF_INET, ("127.0.0.1", free_port()))
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        bind([free, (socket.AF_INET, other.getsockname())])
    close(bind([free]))


def test_addresses_the_machine_lacks_are_left_out_when_there_are_others() -> None:
    port = free_port()
    (listener,) = bind([(socket.AF_INET, ("192.0.2.1", port)), (socket.AF_INET, ("127.0.0.1", port))])
    with listener:
        assert listener.getsockname() == ("127.0.0.1", port)


def test_each_address_of_a_name_counts_once() -> None:
    addresses = resolve("localhost", 8080)
    assert len(set(addresses)) == len(addresses)
    assert (socket.AF_INET, ("127.0.0.1", 8080)) in addresses
    assert resolve("", 8080) == [(socket.AF_INET, ("0.0.0.0", 8080))]


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70 + ".invalid"])
def test_an_unknown_host_is_named(host: str) -> None:
    with pytest.raises(StartError) as refused:
        listen(host, 8080)
    assert str(refused.value) == f"cannot listen on {host}:8080: unknown host '{host}'"


@pytest.mark.parametrize(("host", "shown_as"), [("192.0.2.1", "192.0.2.1:8080"), ("2001:db8::1", "[2001:db8::1]:8080")])
def test_an_address_of_another_machine_is_named(host: str, shown_as: str) -> None:
    with pytest.raises(StartError) as refused:
        listen(host, 8080)
    assert str(refused.value) == f"cannot listen on {shown_as}: this machine has no such address"


UNPRIVILEGED = """
import encodings.idna  # while the library can still be read
import os
from gateway.errors import StartError
from gateway.links.addresses import listen
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    listen("127.0.0.1", 80)
except StartError as error:
    print(error)
"""


def test_a_port_that_needs_more_rights_is_named() -> None:
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as file:
        if int(file.read()) <= 80:
            pytest.skip("every user may listen on port 80 here")
    done = subprocess.run([sys.executable, "-c", UNPRIVILEGED], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.startswith("no permission to listen on 127.0.0.1:80: ")
