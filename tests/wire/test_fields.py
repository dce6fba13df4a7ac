"""Fields the gateway adds, keeps, replaces and hides."""

import re

import pytest

from tests.support.client import Client, request
from tests.support.gateway import Told, config
from tests.support.origin import Origin, reply
from tests.wire.errors import assert_error

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize("name", ["a", "req-1", "0AF7651916cd", "a.b_c-d", "x" * 64])
def test_a_sane_request_id_is_kept(name: str, client: Client, origin: Origin) -> None:
    """Upstream, and on the answer."""
    answer = client.get("/", f"X-Request-Id: {name}")
    assert (origin.requests[0].text("x-request-id"), answer.text("x-request-id")) == (name, name)


@pytest.mark.parametrize("name", ["", "a b", "a\tb", 'a"b', "<a>", "a\\b", "größe", "\xff", "x" * 2000, "a;b", "{a}"])
def test_an_insane_request_id_is_replaced(name: str, client: Client, origin: Origin) -> None:
    answer = client.get("/", f"X-Request-Id: {name}")
    given = origin.requests[0].text("x-request-id")
    assert re.fullmatch(r"[0-9a-f-]{32,36}", given)
    assert answer.text("x-request-id") == given


def test_a_repeated_request_id_stands_once(client: Client, origin: Origin) -> None:
    answer = client.get("/", "X-Request-Id: first", "x-request-id: second")
    assert len(origin.requests[0].all("x-request-id")) == 1
    assert answer.text("x-request-id") == origin.requests[0].text("x-request-id")


def test_every_request_has_an_id_of_its_own(client: Client, origin: Origin) -> None:
    seen = {client.get("/").text("x-request-id") for _ in range(100)}
    assert len(seen) == 100


def test_an_upstreams_request_id_does_not_replace_ours(client: Client, origin: Origin) -> None:
    origin.answer = lambda connection, _: connection.send(reply(b"", "X-Request-Id: forged"))
    assert client.get("/", "X-Request-Id: mine").text("x-request-id") == "mine"


def test_a_good_trace_is_kept(client: Client, origin: Origin) -> None:
    client.get("/", f"Traceparent: {TRACE}", "Tracestate: a=b")
    assert (origin.requests[0].text("traceparent"), origin.requests[0].text("tracestate")) == (TRACE, "a=b")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "00-0-0-01",
        TRACE.upper(),
        TRACE.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        TRACE.replace("b7ad6b7169203331", "0" * 16),
        "ff" + TRACE[2:],
        TRACE[:-1],
        TRACE + "x",
        f"{TRACE}, {TRACE}",
    ],
)
def test_a_bad_trace_is_begun_anew(value: str, client: Client, origin: Origin) -> None:
    client.get("/", f"traceparent: {value}")
    begun = origin.requests[0].text("traceparent")
    assert begun != value
    assert re.fullmatch(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]", begun)


@pytest.mark.parametrize("name", ["X-Gateway-Route", "x-gateway-variant", "X-GATEWAY-ANYTHING", "x-gateway-"])
def test_what_a_client_says_in_the_gateways_name_is_dropped(name: str, client: Client, origin: Origin) -> None:
    client.get("/", f"{name}: forged", f"{name}: twice")
    (seen,) = origin.requests
    assert b"forged" not in seen.raw_head
    assert (seen.text("x-gateway-route"), seen.text("x-gateway-variant")) == ("all", "model")


def test_what_an_upstream_says_in_the_gateways_name_is_dropped(client: Client, origin: Origin) -> None:
    origin.answer = lambda connection, _: connection.send(
        reply(b"", "X-Gateway-Variant: forged", "x-gateway-other: forged")
    )
    answer = client.get("/")
    assert b"forged" not in answer.raw_head
    assert (answer.text("x-gateway-route"), answer.text("x-gateway-variant")) == ("all", "model")


def test_the_answer_says_who_answered_and_why(client: Client, origin: Origin) -> None:
    answer = client.get("/")
    assert (answer.text("x-gateway-revision"), answer.text("x-gateway-reason")) == ("1", "unkeyed")
    timing = re.fullmatch(r"upstream;dur=(\d+\.?\d*), gateway;dur=(\d+\.?\d*)", answer.text("server-timing"))
    assert timing is not None, answer.text("server-timing")


def test_a_client_cannot_pass_for_another(client: Client, origin: Origin) -> None:
    """Nobody is trusted here: what it says of itself is replaced, however often it says it."""
    forged = [
        "X-Forwarded-For: 8.8.8.8",
        "x-forwarded-for: 9.9.9.9",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: forged.test",
    ]
    client.get("/", *forged)
    (seen,) = origin.requests
    given = [seen.text(name) for name in ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"]]
    assert given == ["127.0.0.1", "http", "gateway.test"]


def test_fields_of_the_origin_side(client: Client, origin: Origin) -> None:
    """Order: the client's own fields stand together, in the client's order, untouched by what is added."""
    client.get("/", "B: 1", "A: 2", "X-Forwarded-Custom: 3", "Forwarded: for=1.2.3.4")
    (seen,) = origin.requests
    ours = [name for name, _ in seen.fields if name in {b"B", b"A", b"X-Forwarded-Custom", b"Forwarded"}]
    assert ours == [b"B", b"A", b"X-Forwarded-Custom", b"Forwarded"]


def test_nothing_is_shown_when_told_so(origin: Origin, told: Told) -> None:
    """`expose_headers: false`: the request id stays, nothing tells of the gateway's inside; also on errors."""
    with told(config(origin.url, expose_headers=False)) as gateway, gateway.connect() as client:
        answer = client.get("/")
        origin.answers["/broken"] = lambda connection, _: connection.close()
        broken = client.get("/broken")
    for reply_ in [answer, broken]:
        assert [name for name in reply_.names if name.startswith(("x-gateway-", "server-timing"))] == []
        assert reply_.text("x-request-id")


def test_a_trusted_proxy_is_believed(origin: Origin, told: Told) -> None:
    """Its chain is continued, its view of the caller's scheme and host passed on."""
    with told(config(origin.url, trusted_proxies=["127.0.0.0/8"])) as gateway, gateway.connect() as client:
        client.get(
            "/",
            "X-Forwarded-For: 8.8.8.8",
            "X-Forwarded-For: 9.9.9.9",
            "X-Forwarded-Proto: https",
            "X-Forwarded-Host: a.test",
        )
        client.get("/")
    told, silent = origin.requests
    given = [told.text(name) for name in ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"]]
    assert given == ["8.8.8.8, 9.9.9.9, 127.0.0.1", "https", "a.test"]
    assert silent.text("x-forwarded-for") == "127.0.0.1"


def test_a_variants_own_fields_are_set_and_removed(origin: Origin, told: Told) -> None:
    headers = {"set": {"Host": "model.test", "X-Set": "one"}, "remove": ["x-remove"]}
    with told(config(origin.url, variant={"headers": headers})) as gateway, gateway.connect() as client:
        client.get("/", "X-Remove: 1", "x-REMOVE: 2", "x-set: theirs", "X-Keep: 3")
    (seen,) = origin.requests
    assert (seen.text("host"), seen.text("x-set"), seen.text("x-keep")) == ("model.test", "one", "3")
    assert seen.all("x-remove") == []


def test_a_variants_own_fields_cannot_be_spelt_around(origin: Origin, told: Told) -> None:
    """Servers behind CGI or WSGI read `_` as `-`: what is set or removed is so in both spellings."""
    headers = {"set": {"X-Set": "one"}, "remove": ["x-remove", "x_under"]}
    with told(config(origin.url, variant={"headers": headers})) as gateway, gateway.connect() as client:
        client.get("/", "X_Remove: 1", "X_Set: theirs", "X-Under: 1", "X_Keep: 3", "X_Hop: 4", "Connection: x-hop")
    (seen,) = origin.requests
    assert (seen.text("x_keep"), seen.text("x-set")) == ("3", "one")
    assert {"x_remove", "x-remove", "x_set", "x_under", "x-under", "x_hop"}.isdisjoint(seen.names)


def test_an_unmatched_path_is_an_error_in_shape(origin: Origin, told: Told) -> None:
    with (
        told(config(origin.url, route={"match": {"path": "/only", "methods": ["POST"]}})) as gateway,
        gateway.connect() as client,
    ):
        assert_error(client.get("/other"), "no_route")
        assert_error(client.get("/only"), "method_not_allowed")
        refused = client.exchange(request("POST", "/other", body=b"hello"))
        assert_error(refused, "no_route")
        if not refused.closing:
            assert client.post("/only", b"hello").status == 200
    assert [seen.target for seen in origin.requests] in ([], ["/only"])
