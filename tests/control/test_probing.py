"""Variants asked whether they answer, at real sockets."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from gateway.admin.operations import Probed, RefusedError, Sample
from gateway.config.addresses import endpoint
from gateway.control.probing import probe
from gateway.core.model import Health, Match, Route, Snapshot, Timeouts, UpstreamTls, Variant
from tests.support.http1 import Request
from tests.support.kernel import free_port, full_listener
from tests.support.origin import Connection, Origin, canned, reply

SAMPLE = Sample("r", "POST", "/r?a=1", {"content-type": "application/json"}, b"{}")


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as server:
        yield server
        assert server.faults == []


def variant(*urls: str) -> Variant:
    return Variant("v", tuple(map(endpoint, urls)))


async def asked(settings: Variant, sample: Sample | None = None) -> tuple[str, tuple[Probed, ...]]:
    routes = {"r": Route("r", Match("/r"), {"v": 1}, salt="r")}
    found = await probe(Snapshot((), {"v": settings}, routes), "v", sample)
    return found.asked, found.endpoints


async def only(settings: Variant, sample: Sample | None = None) -> Probed:
    _, (answer,) = await asked(settings, sample)
    return answer


async def test_each_endpoint_gets_the_sample_once(origin: Origin) -> None:
    with Origin() as other:
        what, answers = await asked(variant(origin.url, other.url), SAMPLE)
        (first,), (second,) = origin.complete, other.complete
    assert what == "POST /r?a=1"
    assert [(each.url, each.problem, each.status) for each in answers] == [(origin.url, "", 200), (other.url, "", 200)]
    assert all(0 < each.seconds < 20 for each in answers)
    assert (first.target, first.body, first.text("host")) == ("/r?a=1", b"{}", f"127.0.0.1:{origin.port}")
    assert first.text("x-gateway-variant") == "v"
    assert not {"accept", "accept-encoding", "user-agent"} & set(first.names)
    assert second.text("x-request-id") == first.text("x-request-id")


async def test_the_health_path_is_asked_without_a_sample(origin: Origin) -> None:
    settings = replace(variant(origin.url), health=Health("/ready"))
    what, (answer,) = await asked(settings)
    assert (what, answer.status, answer.problem) == ("GET /ready", 200, "")
    assert origin.complete[0].target == "/ready"


async def test_a_connection_alone_is_asked_for_without_a_health_path(origin: Origin) -> None:
    what, (answer,) = await asked(variant(origin.url))
    assert (what, answer.status, answer.problem) == ("a connection", None, "")
    assert origin.requests == []


@pytest.mark.parametrize("status", [204, 302, 404, 500])
async def test_only_2xx_is_an_answer(origin: Origin, status: int) -> None:
    """A redirect is not followed: workers do not either."""
    origin.answer = canned(reply(b"", "location: /elsewhere", status=f"{status} x"))
    answer = await only(variant(origin.url), SAMPLE)
    assert (answer.status, len(origin.complete)) == (status, 1)
    assert answer.problem == ("" if status == 204 else f"it answered {status}, and 2xx is due")


def break_off(connection: Connection, request: Request) -> None:
    connection.read_body(request)
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    connection.close()


async def test_what_is_no_reply_is_told_in_words(origin: Origin) -> None:
    origin.answer = break_off
    assert (await only(variant(origin.url), SAMPLE)).problem == "its reply broke off"
    origin.answer = canned(b"not http, and it says secret-in-reply\r\n\r\n", close=True)
    problem = (await only(variant(origin.url), SAMPLE)).problem
    assert problem
    assert "secret-in-reply" not in problem


async def test_an_event_stream_is_not_waited_for(origin: Origin) -> None:
    def stream(connection: Connection, request: Request) -> None:
        connection.read_body(request)
        connection.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n")
        connection.wait_gone()

    origin.answer = stream
    assert (await only(variant(origin.url), SAMPLE)).problem == ""


@pytest.mark.parametrize("sample", [SAMPLE, None])
async def test_what_refuses_or_does_not_answer_a_connection(sample: Sample | None) -> None:
    settings = variant(f"http://127.0.0.1:{free_port()}")
    assert (await only(settings, sample)).problem == "it refuses connections"
    with full_listener() as port:
        hasty = replace(variant(f"http://127.0.0.1:{port}"), timeouts=Timeouts(connect=0.1))
        problem = (await only(hasty, sample)).problem
    assert problem in {"it does not answer a connection in time", "no answer within 0.1 s"}


async def test_a_reply_has_its_time(origin: Origin) -> None:
    origin.answer = lambda connection, request: connection.wait_gone()
    hasty = replace(variant(origin.url), timeouts=Timeouts(total=0.2))
    assert (await only(hasty, SAMPLE)).problem == "no answer within 0.2 s"


async def test_a_unix_socket_is_asked(tmp_path: Path) -> None:
    with Origin(path=tmp_path / "m.sock") as local:
        assert [(await only(variant(local.url), sample)).problem for sample in (SAMPLE, None)] == ["", ""]
        assert local.complete[0].text("host") == "localhost"
    assert (await only(variant(local.url), None)).problem.startswith("FileNotFoundError")


async def test_each_address_of_a_name_is_asked() -> None:
    """Workers call them all; where the name stands for both loopback addresses, nobody listens on the second."""
    addresses = {str(info[4][0]) for info in socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)}
    port = free_port()
    with Origin(port=port):
        _, answers = await asked(variant(f"http://localhost:{port}"), SAMPLE)
    assert {each.url for each in answers} == {f"http://localhost:{port}"}
    problems = {"127.0.0.1": "", "::1": "::1: it refuses connections"}
    assert sorted(each.problem for each in answers) == sorted(problems[each] for each in addresses)


async def test_an_unknown_name_gives_no_address() -> None:
    problem = (await only(variant("http://no-such-host.invalid:80"), SAMPLE)).problem
    assert problem.startswith("its name gives no address: ")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.parametrize("sample", [SAMPLE, None])
async def test_tls_is_spoken_as_the_variant_says(tmp_path: Path, authority: trustme.CA, sample: Sample | None) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("models.internal").configure_cert(context)
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    with Origin(tls=context) as secure:
        own = UpstreamTls(ca=str(ca), server_name="models.internal")
        for tls, problem in [
            (own, ""),
            (UpstreamTls(verify=False), ""),
            (UpstreamTls(), "its certificate is not trusted: "),
            (replace(own, server_name="other.internal"), "its certificate is not trusted: "),
            (UpstreamTls(ca=str(tmp_path / "none.pem")), "its TLS files cannot be used: "),
        ]:
            found = (await only(replace(variant(secure.url), tls=tls), sample)).problem
            assert found.startswith(problem)
            assert bool(found) == bool(problem)


async def test_a_sample_that_its_route_would_not_take_is_refused(origin: Origin) -> None:
    with pytest.raises(RefusedError):
        await asked(variant(origin.url), replace(SAMPLE, path="/elsewhere"))
    assert origin.connections == []
