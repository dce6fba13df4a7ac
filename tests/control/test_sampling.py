"""A sample as a worker would send it."""

from dataclasses import replace

import pytest

from gateway.admin.operations import RefusedError, Sample
from gateway.control.sampling import Request, plain, request
from gateway.core.model import Endpoint, Headers, Limits, Match, Protocol, Route, Snapshot, Variant

MARK = "0123456789abcdef" * 2
MARKS = (
    ("x-request-id", MARK),
    ("traceparent", f"00-{MARK}-89abcdef01234567-01"),
    ("x-forwarded-for", "127.0.0.1"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-host", "localhost"),
    ("x-gateway-route", "r"),
    ("x-gateway-variant", "v"),
)
VARIANT = Variant("v", (Endpoint("http://10.0.0.1:80", "http", "10.0.0.1", 80),))
SAMPLE = Sample("r", "POST", "/r", {})


AT_R = Match("/r")


def snapshot(match: Match = AT_R, *, protocol: Protocol = "http", limits: Limits | None = None) -> Snapshot:
    routes = {"r": Route("r", match, {"v": 1}, protocol, salt="r"), "q": Route("q", Match("/q"), {"v": 1}, salt="q")}
    return Snapshot((), {"v": VARIANT}, routes, limits=limits or Limits())


def sent(sample: Sample, variant: Variant = VARIANT, where: Snapshot | None = None) -> Request:
    return request(where or snapshot(), variant, sample, mark=MARK)


def refusal(sample: Sample, variant: Variant = VARIANT, where: Snapshot | None = None) -> str:
    with pytest.raises(RefusedError) as refused:
        sent(sample, variant, where)
    return str(refused.value)


def test_it_is_sent_as_it_is_with_the_marks_of_every_request() -> None:
    sample = replace(SAMPLE, path="/r?a=%20b", headers={"Content-Type": "text/plain"}, body=b"hello")
    assert sent(sample) == Request("POST", "/r?a=%20b", None, (("Content-Type", "text/plain"), *MARKS), b"hello")


@pytest.mark.parametrize(
    "name",
    ["Host", "Connection", "transfer-encoding", "Content-Length", "TE", "x-gateway-route", "X-Forwarded-For", "expect"],
)
def test_what_a_worker_makes_anew_is_dropped(name: str) -> None:
    fields = sent(replace(SAMPLE, headers={name: "given"})).fields
    assert ("given" in dict(fields).values()) == (name == "Host")
    assert dict(fields)["x-forwarded-host"] == ("given" if name == "Host" else "localhost")


def test_the_variants_own_fields_come_last_and_replace_the_samples() -> None:
    headers = Headers((("Authorization", "own"), ("host", "models.internal")), ("x-debug",))
    variant = replace(VARIANT, headers=headers)
    found = sent(replace(SAMPLE, headers={"authorization": "mine", "X-Debug": "1", "a": "b"}), variant)
    assert (found.host, found.fields) == ("models.internal", (("a", "b"), *MARKS, ("Authorization", "own")))
    assert plain(variant, "/ready") == Request("GET", "/ready", "models.internal", (("Authorization", "own"),))


@pytest.mark.parametrize(
    ("variant", "protocol", "match", "path", "target"),
    [
        (replace(VARIANT, path="/fixed"), "http", "/r", "/r?a=1", "/fixed?a=1"),
        (replace(VARIANT, path="/v2/{rest}"), "http", "/r/*", "/r/x/y", "/v2/x/y"),
        (replace(VARIANT, model="m 2"), "oip", "/v2/*", "/v2/models/m/infer", "/v2/models/m%202/infer"),
        (replace(VARIANT, model="m"), "http", "/r", "/r", "/r"),
        (VARIANT, "http", "/r", "/r?", "/r?"),
    ],
)
def test_the_target_is_the_one_that_the_variant_is_asked_for(
    variant: Variant, protocol: Protocol, match: str, path: str, target: str
) -> None:
    assert sent(replace(SAMPLE, path=path), variant, snapshot(Match(match), protocol=protocol)).target == target


def test_a_models_own_name_is_written_into_the_body() -> None:
    variant, where = replace(VARIANT, model="m2"), snapshot(protocol="openai")
    assert sent(replace(SAMPLE, body=b'{"model": "m", "n": 1}'), variant, where).body == b'{"model": "m2", "n": 1}'
    assert sent(SAMPLE, variant, where).body == b""
    assert sent(replace(SAMPLE, body=b"[]"), VARIANT, where).body == b"[]"


@pytest.mark.parametrize(
    ("sample", "where", "said"),
    [
        (replace(SAMPLE, path="/x"), snapshot(), "sample: no route takes POST /x with these headers"),
        (replace(SAMPLE, path="/q"), snapshot(), "sample: route q takes it; one that r takes is due"),
        (replace(SAMPLE, path="/r/%2e%2e/q"), snapshot(Match("/r/*")), "sample.path: the path has a dot segment"),
        (SAMPLE, snapshot(Match("/r", ("GET",))), "sample: no route takes POST /r"),
        (SAMPLE, snapshot(Match("/r", headers=(("x-api", "2"),))), "sample: no route takes POST /r"),
        (replace(SAMPLE, headers={"host": "b.example"}), snapshot(Match("/r", host="a.example")), "sample: no route"),
        (replace(SAMPLE, body=b"12345"), snapshot(limits=Limits(body=4)), "sample.body: at most limits.body is due, 4"),
    ],
)
def test_what_its_route_would_not_take_is_refused(sample: Sample, where: Snapshot, said: str) -> None:
    assert refusal(sample, where=where).startswith(said)


@pytest.mark.parametrize(
    ("headers", "body", "limit"),
    [({"content-encoding": "gzip"}, b"{}", 9), ({}, b"[1]", 9), ({}, b'{"a": "123456"}', 9)],
)
def test_a_body_that_takes_no_models_name_is_refused(headers: dict[str, str], body: bytes, limit: int) -> None:
    where = snapshot(protocol="openai", limits=Limits(inspect_body=limit))
    said = refusal(replace(SAMPLE, headers=headers, body=body), replace(VARIANT, model="m"), where)
    assert said.startswith("sample.body: ")
    assert "the name m is written into it" in said


@pytest.mark.parametrize(
    ("host", "given", "forwarded"),
    [("a.example", None, "a.example"), ("*.example", None, "sample.example"), ("a.example", "A.example:80", None)],
)
def test_a_routes_host_is_met(host: str, given: str | None, forwarded: str | None) -> None:
    sample = replace(SAMPLE, headers={"host": given} if given else {})
    fields = dict(sent(sample, where=snapshot(Match("/r", host=host))).fields)
    assert fields["x-forwarded-host"] == (forwarded or given)


def test_a_routes_header_conditions_are_met_by_the_sample() -> None:
    where = snapshot(Match("/r", headers=(("X-Api", "2"),)))
    assert ("x-api", "2") in sent(replace(SAMPLE, headers={"x-api": "2"}), where=where).fields
