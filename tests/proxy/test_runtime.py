"""What a change of the settings does to connections, to names, to TLS, to limits and to trust: no more than it must."""

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from gateway.core.model import (
    AccessLog,
    BreakerSettings,
    Ejection,
    Fallback,
    Headers,
    Limits,
    Listener,
    Match,
    Route,
    Snapshot,
    Timeouts,
    UpstreamTls,
    Variant,
)
from tests.proxy.standin import Worker, snapshot, variant
from tests.support.client import Client, request
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin, canned, marked, reply

Start = Callable[[Snapshot], Worker]


def until(look: Callable[[], bool], what: str) -> None:
    """Wait for it, with an end."""
    deadline = time.monotonic() + 15
    while not look():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def change(worker: Worker, *variants: Variant, **settings: object) -> None:
    """The next serial, with these variants."""
    serial = worker.snapshot.serial + 1
    answer = worker.send(replace(snapshot(*variants, serial=serial), **settings))
    assert answer.get("serial") == serial, answer
    assert "refused" not in answer, answer


@pytest.mark.parametrize(
    "changed",
    [
        {"version": "2"},
        {"metadata": {"a": 1}},
        {"timeouts": Timeouts(first_byte=3.0)},
        {"concurrency": 5},
        {"balance": "round_robin"},
        {"headers": Headers(set=(("x-a", "1"),))},
        {"tls": UpstreamTls(verify=False)},
    ],
)
def test_settings_that_are_not_the_connections_leave_them(
    start: Start, origin: Origin, changed: dict[str, object]
) -> None:
    """TLS settings are none of a plain endpoint's."""
    worker = start(snapshot(variant("a", origin.url)))
    with worker.connect() as client:
        client.get("/1")
        change(worker, variant("a", origin.url, **changed))
        client.get("/2")
    assert [len(known.requests) for known in origin.connections] == [2]


def test_another_host_field_is_another_way_to_speak(start: Start, origin: Origin) -> None:
    """The old connection ends at once, since nothing is in flight on it."""
    worker = start(snapshot(variant("a", origin.url)))
    with worker.connect() as client:
        client.get("/1")
        change(worker, variant("a", origin.url, headers=Headers(set=(("host", "model.internal"),))))
        until(lambda: not origin.alive, "the old connection ends")
        client.get("/2")
    assert [seen.text("host") for seen in origin.requests][1] == "model.internal"


def test_an_endpoint_more_or_less_leaves_the_others(start: Start, origin: Origin) -> None:
    """Connections to one that stays are kept, those to one that goes end at once."""
    with Origin() as other:
        worker = start(snapshot(variant("a", origin.url)))
        with worker.connect() as client:
            client.get("/1")
            change(worker, variant("a", origin.url, other.url, balance="round_robin"))
            for _ in range(4):
                client.get("/2")
            assert (len(origin.connections), len(other.connections)) == (1, 1)
            change(worker, variant("a", origin.url))
            until(lambda: not other.alive, "the connection to the endpoint that is gone ends")
            client.get("/3")
        assert len(origin.connections) == 1


def test_a_busy_connection_of_a_removed_variant_ends_after_its_reply(start: Start, origin: Origin) -> None:
    """The caller gets the answer, and nothing of the variant is left."""
    release = threading.Event()

    def slow(connection: Connection, asked: Request) -> None:
        assert release.wait(20)
        marked(connection, asked)

    origin.answer = slow
    with Origin() as other, Origin() as third:
        worker = start(snapshot(variant("a", origin.url)))
        with worker.connect() as client:
            client.send(request("GET", "/1"))
            origin.wait_heads(1)
            change(worker, variant("b", other.url))
            change(worker, variant("c", third.url))
            assert origin.alive
            release.set()
            assert client.reply().status == 200
            until(lambda: not origin.alive, "the connection ends with its exchange")
            assert client.get("/2").text("x-gateway-variant") == "c"


def test_an_ejected_endpoint_stays_out_for_its_time(start: Start, origin: Origin) -> None:
    """Whatever else of the variant changes."""
    settings = {
        "ejection": Ejection(consecutive_errors=2, for_=3600.0),
        "breaker": BreakerSettings(mode="disabled"),
        "balance": "round_robin",
    }
    with Origin() as other:
        other.answer = canned(reply(b"", status="500 Broken"))
        worker = start(snapshot(variant("a", origin.url, other.url, **settings)))
        with worker.connect() as client:
            while len(other.requests) < 2:
                client.get("/1")
            change(worker, variant("a", origin.url, other.url, version="2", **settings))
            assert [client.get("/2").status for _ in range(8)] == [200] * 8
        assert len(other.requests) == 2


def test_a_refused_change_leaves_the_breaker_its_settings(start: Start, origin: Origin, tmp_path: Path) -> None:
    """They are in force with the snapshot, and not before."""
    origin.answer = canned(reply(b"", status="500 Broken"))
    strict = BreakerSettings(consecutive_errors=1)
    worker = start(snapshot(variant("a", origin.url), routes=_alone()))
    with worker.connect() as client:
        assert client.get("/1").status == 500
        after = snapshot(variant("a", origin.url, breaker=strict), routes=_alone(), serial=2)
        assert "refused" in worker.send(replace(after, access_log=AccessLog(str(tmp_path))))
        assert [client.get("/2").status for _ in range(2)] == [500, 500]
        change(worker, *after.variants.values(), routes=_alone())
        assert [client.get("/3").status for _ in range(2)] == [500, 503]


def _alone() -> dict[str, Route]:
    return {"all": Route("all", Match("/*"), {"a": 1}, salt="all", fallback=Fallback(variants=()))}


def test_a_name_that_gives_nothing_does_not_hold_up_the_rest(start: Start, origin: Origin) -> None:
    """The change waits for names a moment at most, and the variant is unavailable until its name gives something."""
    worker = start(snapshot(variant("a", origin.url)))
    begun = time.monotonic()
    change(worker, variant("a", origin.url), variant("lost", "http://nothing.invalid:80"))
    assert time.monotonic() - begun < 10
    with worker.connect() as client:
        assert client.get("/a").status == 200
        assert client.get("/lost").status == 503


def test_names_are_known_before_the_first_request(start: Start, origin: Origin) -> None:
    """So that none waits, and none is refused, for a look-up."""
    worker = start(snapshot(variant("a", origin.url)))
    url = origin.url.replace("127.0.0.1", "localhost")
    change(worker, variant("b", url))
    with worker.connect() as client:
        assert client.get("/1").text("x-gateway-variant") == "b"
        change(worker, variant("b", url, version="2"))
        assert client.get("/2").text("x-gateway-version") == "2"
    assert len(origin.connections) == 1


def test_a_new_authority_makes_new_connections_and_a_wrong_one_fails(start: Start, tmp_path: Path) -> None:
    """The digest tells that the file has changed; without such a change the connections stay."""
    authority, stranger = trustme.CA(), trustme.CA()
    context = _server_context(authority)
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    with Origin(tls=context) as origin:
        one = variant("a", f"https://localhost:{origin.port}", tls=UpstreamTls(ca=str(file), digest="1"))
        worker = start(snapshot(one))
        with worker.connect() as client:
            assert client.get("/1").status == 200
            change(worker, replace(one, version="2"))
            assert client.get("/2").status == 200
            assert len(origin.connections) == 1
            stranger.cert_pem.write_to_path(file)
            change(worker, replace(one, tls=replace(one.tls, digest="2")))
            assert client.get("/3").status == 502


def test_a_new_certificate_is_shown_to_those_who_connect(start: Start, origin: Origin, tmp_path: Path) -> None:
    """Connections that stand go on under the old one; one that cannot be used changes nothing."""
    first, second = trustme.CA(), trustme.CA()
    listener = Listener("127.0.0.1", 0, str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"), digest="1")
    _issue(first, tmp_path)
    worker = start(snapshot(variant("a", origin.url), listen=(listener,)))
    with Client(worker.port, tls=_client_context(first)) as client:
        assert client.get("/1").status == 200
        _issue(second, tmp_path)
        change(worker, variant("a", origin.url), listen=(replace(listener, digest="2"),))
        assert client.get("/2").status == 200
        with Client(worker.port, tls=_client_context(second)) as other:
            assert other.get("/3").status == 200
        (tmp_path / "key.pem").write_text("no key")
        last = replace(worker.snapshot, listen=(replace(listener, digest="3"),), serial=worker.snapshot.serial + 1)
        assert worker.send(last)["refused"].startswith("cannot use the TLS files")
        with Client(worker.port, tls=_client_context(second)) as other:
            assert other.get("/4").status == 200
        assert client.get("/5").status == 200


def test_limits_hold_from_the_next_request_on(start: Start, origin: Origin) -> None:
    """Also on connections that were there before, and not for an upload that has begun."""
    worker = start(snapshot(variant("a", origin.url)))
    chunked = request("POST", "/x", "transfer-encoding: chunked") + b"5\r\nabcde\r\n0\r\n\r\n"
    with worker.connect() as plain, worker.connect() as chunks, worker.connect() as uploading:
        assert plain.post("/x", b"abcde").status == 200
        assert chunks.exchange(chunked).status == 200
        uploading.send(chunked[:-12])
        origin.wait_heads(3)
        change(worker, variant("a", origin.url), limits=Limits(body=4))
        assert plain.post("/x", b"abcde").status == 413
        assert chunks.exchange(chunked).status == 413
        uploading.send(chunked[-12:])
        assert uploading.reply("POST").status == 200


def test_what_is_told_and_trusted_changes_on_standing_connections(start: Start, origin: Origin) -> None:
    """`expose_headers` and `trusted_proxies`."""
    worker = start(snapshot(variant("a", origin.url)))
    with worker.connect() as client:
        assert client.get("/1", "x-forwarded-for: 1.2.3.4").text("x-gateway-route") == "all"
        change(worker, variant("a", origin.url), trusted_proxies=("127.0.0.0/8",), expose_headers=False)
        assert client.get("/2", "x-forwarded-for: 1.2.3.4").one("x-gateway-route") is None
        change(worker, variant("a", origin.url), expose_headers=True)
        assert client.get("/3", "x-forwarded-for: 1.2.3.4").text("x-gateway-route") == "all"
    seen = [asked.text("x-forwarded-for") for asked in origin.requests]
    assert seen == ["127.0.0.1", "1.2.3.4, 127.0.0.1", "127.0.0.1"]


def _issue(authority: trustme.CA, folder: Path) -> None:
    papers = authority.issue_cert("localhost")
    papers.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    papers.private_key_pem.write_to_path(folder / "key.pem")


def _server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def _client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
