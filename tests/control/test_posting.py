"""What is posted to a webhook, and what is said of its answers."""

import ssl
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson
import pytest

from gateway.config.secret import Secret
from gateway.control.posting import Result, body, connect, headers, judge, place, post, reason, sentence
from gateway.control.signing import sign
from gateway.core.records import Event

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EVENT = Event(311, WHEN, "breaker_tripped", "variant fraud-4", "gateway", "slow 7 of 12", {"share": 0.5})


def test_the_body_is_the_event_as_the_api_shows_it() -> None:
    assert orjson.loads(body(EVENT)) == {
        "type": "breaker_tripped",
        "text": "breaker_tripped, variant fraud-4, by gateway: slow 7 of 12",
        "id": 311,
        "time": "2026-01-02T03:04:05Z",
        "kind": "breaker_tripped",
        "subject": "variant fraud-4",
        "who": "gateway",
        "why": "slow 7 of 12",
        "detail": {"share": 0.5},
    }


def test_a_reason_cannot_call_everybody_in_a_chat() -> None:
    event = Event(1, WHEN, "override_set", "route r", "ada", "<!channel> a&b <http://x|y>")
    assert sentence(event) == "override_set, route r, by ada: &lt;!channel&gt; a&amp;b &lt;http://x|y&gt;"
    assert orjson.loads(body(event))["why"] == "<!channel> a&b <http://x|y>"


def test_without_a_reason_there_is_no_colon() -> None:
    assert sentence(Event(1, WHEN, "store_back", "store", "gateway", "")) == "store_back, store, by gateway"


def test_the_fields_of_standard_webhooks() -> None:
    expected = {"Content-Type": "application/json", "webhook-id": "evt_311", "webhook-timestamp": "1767323045"}
    assert headers(EVENT, b"{}", secret=None, now=WHEN) == expected
    signature = sign("s", "evt_311", timestamp=1767323045, body=b"{}")
    signed = headers(EVENT, b"{}", secret=Secret("s"), now=WHEN)
    assert signed == expected | {"webhook-signature": signature}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, Result.ARRIVED) for status in (200, 202, 204, 299)),
        *((status, Result.FAILED) for status in (408, 425, 429, 500, 503, 599)),
        *((status, Result.REFUSED) for status in (301, 302, 307, 400, 401, 404, 413)),
        (410, Result.GONE),
    ],
)
def test_what_a_status_means(status: int, expected: Result) -> None:
    assert judge(status) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hooks.example.com/services/T1/SECRET", "https://hooks.example.com"),
        ("http://user:word@10.0.0.1:8000/x?token=SECRET", "http://10.0.0.1"),
        ("http://[::1]:80/", "http://::1"),
    ],
)
def test_only_scheme_and_host_are_shown(url: str, expected: str) -> None:
    assert place(url) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError(), "it did not answer within 10 s"),
        (aiohttp.ServerTimeoutError(), "it did not answer within 10 s"),
        (ConnectionResetError(104, "Connection reset by peer"), "ConnectionResetError: Connection reset by peer"),
        (aiohttp.InvalidURL("http://user:SECRET@h"), "InvalidURL"),
        (aiohttp.ServerDisconnectedError(), "ServerDisconnectedError"),
        (ssl.SSLError(1, "certificate verify failed"), "SSLError: certificate verify failed"),
    ],
)
def test_why_there_was_no_answer(error: Any, expected: str) -> None:
    assert reason(error) == expected


@pytest.mark.parametrize("url", ["http://user:SECRET@[::/", "http://a..b.invalid/SECRET", "http://h:99999/SECRET"])
async def test_an_impossible_url_fails_and_says_nothing_of_it(url: str) -> None:
    async with connect() as session:
        answer = await post(session, url, EVENT, secret=None, now=WHEN)
    assert answer.result is Result.FAILED
    assert "SECRET" not in answer.why


async def test_an_event_that_is_no_json_fails_alone() -> None:
    event = Event(1, WHEN, "store_back", "store", "gateway", "", {"x": object()})
    async with connect() as session:
        answer = await post(session, "http://127.0.0.1:1/", event, secret=None, now=WHEN)
    assert answer.result is Result.FAILED
