"""TLS on both sides, Unix sockets, several listening addresses, endpoints by name."""

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.support import kernel
from tests.support.client import Client, request, tcp
from tests.support.gateway import Gateway, Told, config
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin, marker, reply
from tests.wire.errors import assert_error

QUICK = {"connect": "2s", "first_byte": "2s"}


@dataclass(frozen=True)
class Papers:
    """A certificate authority's file, and files of a certificate with its key, as a configuration names them."""

    ca: trustme.CA
    folder: Path

    @property
    def authority(self) -> str:
        path = self.folder / "ca.pem"
        self.ca.cert_pem.write_to_path(path)
        return str(path)

    def issue(self, name: str, *, expired: bool = False) -> tuple[str, str]:
        """Files of a new certificate for that name, and of its key."""
        until = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1) if expired else None
        leaf = self.ca.issue_cert(name, not_after=until)
        cert, key = self.folder / f"{name}-{expired}.pem", self.folder / f"{name}-{expired}.key"
        cert.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        leaf.private_key_pem.write_to_path(key)
        return str(cert), str(key)

    def server(self, name: str, *, expired: bool = False, ask: bool = False) -> ssl.SSLContext:
        """What a server of that name uses; `ask` means that it wants a certificate of the client."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(name, expired=expired))
        if ask:
            context.verify_mode = ssl.CERT_REQUIRED
            self.ca.configure_trust(context)
        return context

    def client(self) -> ssl.SSLContext:
        """What a client uses that trusts this authority alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.ca.configure_trust(context)
        return context


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return Papers(trustme.CA(), tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return Papers(trustme.CA(), tmp_path_factory.mktemp("strangers"))


ToUpstream = Callable[..., AbstractContextManager[Gateway]]


@pytest.fixture
def to_upstream(told: Told) -> ToUpstream:
    """A gateway whose model is an origin with TLS, which is set up as the arguments say."""

    def tell(origin: Origin, **tls: object) -> AbstractContextManager[Gateway]:
        return told(config(f"https://localhost:{origin.port}", variant={"tls": tls, "timeouts": QUICK}))

    return tell


def test_an_upstream_with_its_own_authority(papers: Papers, to_upstream: ToUpstream) -> None:
    with Origin(tls=papers.server("localhost")) as origin, to_upstream(origin, ca=papers.authority) as gateway:
        with gateway.connect() as client:
            for at in range(5):
                assert client.post(f"/{at}", b"x" * 200_000).body == marker(f"/{at}")
        assert len(origin.connections) == 1
        assert {seen.text("host") for seen in origin.requests} == {f"localhost:{origin.port}"}
        assert origin.faults == []


def test_an_upstream_that_wants_a_certificate(papers: Papers, to_upstream: ToUpstream) -> None:
    cert, key = papers.issue("gateway.test")
    with Origin(tls=papers.server("localhost", ask=True)) as origin:
        with to_upstream(origin, ca=papers.authority, cert=cert, key=key) as gateway, gateway.connect() as client:
            assert client.get("/").body == marker("/")
        with to_upstream(origin, ca=papers.authority) as gateway, gateway.connect() as client:
            assert_error(client.get("/"), "upstream_error")


def test_a_server_name_of_its_own(papers: Papers, to_upstream: ToUpstream) -> None:
    """`server_name` is what the certificate is checked against, and what is asked for."""
    context = papers.server("model.test")
    asked: list[str | None] = []
    context.sni_callback = lambda sock, name, _: asked.append(name)
    with (
        Origin(tls=context) as origin,
        to_upstream(origin, ca=papers.authority, server_name="model.test") as gateway,
        gateway.connect() as client,
    ):
        assert client.get("/").body == marker("/")
    assert set(asked) == {"model.test"}


@pytest.mark.parametrize("fault", ["wrong name", "expired", "unknown authority"])
def test_a_certificate_that_is_not_good_is_an_error_not_a_wait(
    fault: str, papers: Papers, strangers: Papers, to_upstream: ToUpstream
) -> None:
    """And nothing of the request was sent."""
    issuer = strangers if fault == "unknown authority" else papers
    name = "other.test" if fault == "wrong name" else "localhost"
    with Origin(tls=issuer.server(name, expired=fault == "expired")) as origin:
        with to_upstream(origin, ca=papers.authority) as gateway, gateway.connect() as client:
            assert_error(client.get("/secret"), "upstream_error")
        assert origin.requests == []


def test_verification_can_be_switched_off(strangers: Papers, to_upstream: ToUpstream) -> None:
    with (
        Origin(tls=strangers.server("other.test", expired=True)) as origin,
        to_upstream(origin, verify=False) as gateway,
        gateway.connect() as client,
    ):
        assert client.get("/").body == marker("/")


def test_an_upstream_that_does_not_speak_tls(papers: Papers, to_upstream: ToUpstream) -> None:
    with Origin() as origin:
        origin.greet = Connection.close
        with to_upstream(origin, ca=papers.authority) as gateway, gateway.connect() as client:
            assert_error(client.get("/"), "upstream_error", "upstream_timeout")


def test_an_upstream_that_says_nothing_in_the_handshake(papers: Papers, told: Told) -> None:
    """`connect` includes the handshake."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = config(
            f"https://localhost:{silent.getsockname()[1]}", variant={"tls": {"ca": papers.authority}, "timeouts": QUICK}
        )
        with told(settings) as gateway, gateway.connect() as client:
            assert_error(client.get("/"), "upstream_error", "upstream_timeout")


def test_a_tls_upstream_that_cuts_its_reply(papers: Papers, to_upstream: ToUpstream) -> None:
    """A reply to the end of the connection is complete only where TLS itself ended: an attacker could cut it."""

    def cut(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        connection.close()

    with Origin(tls=papers.server("localhost")) as origin, to_upstream(origin, ca=papers.authority) as gateway:
        origin.answer = cut
        with gateway.connect() as client:
            client.send(request("GET", "/"))
            answer = client.head()
            with pytest.raises(ConnectionError):
                client.body(answer)


@pytest.fixture(scope="module")
def serving(papers: Papers, shared_origin: Origin) -> Iterator[tuple[Gateway, int]]:
    """A gateway with a plain and a TLS listener, and the second's port."""
    cert, key = papers.issue("gateway.test")
    port, plain = kernel.free_port(), kernel.free_port()
    listen = [f"127.0.0.1:{plain}", {"address": f"127.0.0.1:{port}", "tls": {"cert": cert, "key": key}}]
    with Gateway(config(shared_origin.url, listen=listen, limits={"header_timeout": "1s"}), port=plain) as running:
        yield running, port


@pytest.fixture
def secure(serving: tuple[Gateway, int], papers: Papers, origin: Origin) -> Iterator[Client]:
    with Client(serving[1], tls=papers.client(), name="gateway.test") as client:
        yield client


def test_clients_over_tls(secure: Client, origin: Origin) -> None:
    """The same service: keep-alive, pipelining, large bodies both ways; and upstream learns of it."""
    origin.answers["/large"] = lambda connection, seen: connection.send(reply(connection.read_body(seen)))
    body = bytes(range(256)) * 8000
    assert secure.post("/large", body).body == body
    secure.send(request("GET", "/1") + request("GET", "/2"))
    assert [secure.reply().body, secure.reply().body] == [marker("/1"), marker("/2")]
    assert {seen.text("x-forwarded-proto") for seen in origin.requests} == {"https"}


def test_a_plain_listener_beside_it(serving: tuple[Gateway, int], origin: Origin) -> None:
    with serving[0].connect() as client:
        assert client.get("/plain").body == marker("/plain")
    assert origin.requests[0].text("x-forwarded-proto") == "http"


def test_a_tls_client_that_leaves(secure: Client, origin: Origin) -> None:
    gone = threading.Event()

    def hang(connection: Connection, seen: Request) -> None:
        connection.wait_gone()
        gone.set()

    origin.answers["/hang"] = hang
    secure.send(request("GET", "/hang"))
    origin.wait_heads(1)
    secure.close()
    assert gone.wait(10)


def test_what_was_answered_before_a_tls_client_ends_is_not_lost(
    serving: tuple[Gateway, int], papers: Papers, origin: Origin
) -> None:
    """Two requests and the end, which over TLS is one of both halves, in one flight: the first is answered at once."""
    origin.answers["/slow"] = lambda connection, seen: connection.wait_gone()
    received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = papers.client().wrap_bio(received, to_send, server_hostname="gateway.test")
    with tcp(serving[1]) as sock:
        while True:
            with suppress(ssl.SSLWantReadError):
                tls.do_handshake()
                break
            sock.sendall(to_send.read())
            received.write(sock.recv(1 << 16))
        tls.write(request("GET", "/livez") + request("GET", "/slow"))
        with suppress(ssl.SSLWantReadError):
            tls.unwrap()
        sock.sendall(to_send.read())
        while data := sock.recv(1 << 16):
            received.write(data)
    assert tls.read().startswith(b"HTTP/1.1 200 OK\r\n")


def test_an_upgrade_over_tls(secure: Client, origin: Origin) -> None:
    def echo(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        connection.send(connection.stream.exactly(5))
        connection.close()

    origin.answers["/tunnel"] = echo
    secure.send(request("GET", "/tunnel", "Connection: upgrade", "Upgrade: x"))
    assert secure.head().status == 101
    secure.send(b"hello")
    assert secure.stream.exactly(5) == b"hello"


@pytest.mark.parametrize(
    "greeting",
    [request("GET", "/"), bytes(100), b"\x16\x03\x01", b""],
    ids=["HTTP", "NULs", "half a greeting", "nothing"],
)
def test_what_is_no_handshake_is_ended(
    greeting: bytes, serving: tuple[Gateway, int], secure: Client, origin: Origin
) -> None:
    """Whoever speaks no TLS, or not to its end, is let go in time; others are served meanwhile."""
    with Client(serving[1]) as client:
        client.send(greeting)
        assert secure.get("/good").body == marker("/good")
        assert kernel.readable(client.sock, 5)
    assert [seen.target for seen in origin.requests] == ["/good"]


def test_an_old_protocol_is_refused(serving: tuple[Gateway, int], papers: Papers) -> None:
    context = papers.client()
    with pytest.warns(DeprecationWarning, match="TLSVersion"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)), Client(serving[1], tls=context, name="gateway.test"):
        pass


def test_refusals_over_tls_can_be_read(secure: Client) -> None:
    secure.send(b"GET / HTTP/1.1\r\n\r\n")
    assert_error(secure.reply(), "bad_request")
    secure.expect_end()


def test_a_unix_socket_upstream(tmp_path: Path, told: Told) -> None:
    with (
        Origin(path=tmp_path / "model.sock") as origin,
        told(config(origin.url)) as gateway,
        gateway.connect() as client,
    ):
        for at in range(5):
            assert client.post(f"/{at}", b"x" * 100_000).body == marker(f"/{at}")
        assert len(origin.connections) == 1
        assert {seen.text("host") for seen in origin.requests} == {"localhost"}
        assert origin.faults == []


def test_a_unix_socket_that_is_not_there(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "model.sock"
    with told(config(f"unix:{path}")) as gateway, gateway.connect() as client:
        assert_error(client.get("/"), "upstream_error")
        with Origin(path=path):
            assert client.get("/there").body == marker("/there")


def test_several_listening_addresses(origin: Origin) -> None:
    """Each serves; IPv6 among them."""
    ports = [kernel.free_port() for _ in range(2)]
    listen = [f"127.0.0.1:{ports[0]}", f"[::1]:{ports[1]}"]
    with Gateway(config(origin.url, listen=listen), port=ports[0]):
        with Client(ports[0]) as client:
            assert client.get("/4").body == marker("/4")
        with Client(ports[1], host="::1") as client:
            assert client.get("/6").body == marker("/6")
    assert [seen.text("x-forwarded-for") for seen in origin.requests] == ["127.0.0.1", "::1"]


def test_an_endpoint_by_name(origin: Origin, told: Told) -> None:
    with told(config(f"http://localhost:{origin.port}")) as gateway, gateway.connect() as client:
        assert client.get("/").body == marker("/")
    assert origin.requests[0].text("host") == f"localhost:{origin.port}"


def test_an_endpoint_by_a_name_nobody_knows(told: Told) -> None:
    """An error, not a wait and not an end; the gateway starts and stops all the same."""
    with (
        told(config("http://nobody.invalid:8000", variant={"timeouts": QUICK})) as gateway,
        gateway.connect() as client,
    ):
        assert_error(client.get("/"), "upstream_error", "no_available_variant")
