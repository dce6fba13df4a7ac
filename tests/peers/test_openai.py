"""The official `openai` client, streaming and not, against models that speak chat completions."""

import asyncio
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import openai
import pytest

from tests.support.chat import CUT, SEEN, chat
from tests.support.gateway import Gateway
from tests.support.served import Served

PAUSE = 0.05


@pytest.fixture(scope="module")
def local() -> Iterator[Served]:
    with Served(chat("local", pause=PAUSE)) as running:
        yield running


@pytest.fixture(scope="module")
def hosted() -> Iterator[Served]:
    with Served(chat("hosted")) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(local: Served, hosted: Served) -> Iterator[Gateway]:
    """Callers say `assistant`; the local model is for everyone, the hosted one for long answers."""
    variants = {
        "local": {"endpoints": [local.url], "model": "llama", "headers": {"remove": ["authorization"]}},
        "hosted": {
            "endpoints": [hosted.url],
            "model": "gpt",
            "headers": {"set": {"authorization": "Bearer ${env:HOSTED_KEY}"}},
        },
    }
    route = {
        "protocol": "openai",
        "match": {"path": "/v1/chat/completions"},
        "targeting_key": [{"json": "$.user"}],
        "rules": [{"segment": "long", "split": {"hosted": 1}}],
        "split": {"local": 1},
        "fallback": {"variants": []},
    }
    segments = {"long": {"json": "$.max_completion_tokens", "gt": 1000}}
    settings = {"workers": 1, "variants": variants, "segments": segments, "routes": {"chat": route}}
    with Gateway(settings, env={"HOSTED_KEY": "hosted-secret"}) as running:
        yield running


@pytest.fixture
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key="callers", max_retries=0) as made:
        yield made


def say(text: str) -> Any:
    """The one message of a conversation, and the name callers give the model."""
    return {"model": "assistant", "messages": [{"role": "user", "content": text}]}


def test_a_whole_completion(client: openai.OpenAI, local: Served) -> None:
    """Answered under the variant's own model name, the caller's key taken away."""
    answer = client.chat.completions.create(**say("good morning"), user="ada")
    assert answer.choices[0].message.content == "local heard: good morning"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 3
    seen = local.app[SEEN][-1]
    assert (seen["model"], seen["user"], seen["authorization"]) == ("llama", "ada", None)


def test_a_segment_by_a_field_of_the_body(client: openai.OpenAI, hosted: Served) -> None:
    """The other model, with the gateway's key for it."""
    answer = client.chat.completions.create(**say("write a book"), max_completion_tokens=4000)
    assert answer.choices[0].message.content == "hosted heard: write a book"
    assert (hosted.app[SEEN][-1]["model"], hosted.app[SEEN][-1]["authorization"]) == ("gpt", "Bearer hosted-secret")


def test_headers_say_who_answered(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(**say("hello"))
    assert (raw.headers["x-gateway-variant"], raw.headers["x-gateway-reason"]) == ("local", "unkeyed")


def test_a_stream_arrives_as_it_is_made(client: openai.OpenAI) -> None:
    """Event by event: the first word long before the last, all words in order, a clean end."""
    words, times = [], []
    for event in client.chat.completions.create(**say("one two three four five six"), stream=True):
        if event.choices[0].delta.content:
            words.append(event.choices[0].delta.content)
            times.append(time.perf_counter())
    assert "".join(words) == "local heard: one two three four five six "
    assert times[-1] - times[0] >= 5 * PAUSE, "the words came together"
    assert event.choices[0].finish_reason == "stop"


def test_a_reader_who_leaves_ends_the_models_work(client: openai.OpenAI, local: Served) -> None:
    """The model server sees its stream broken off, long before it would have been through."""
    stream = client.chat.completions.create(**say("word " * 200), stream=True)
    assert len(list(islice(stream, 4))) == 4
    stream.close()
    give_up = time.monotonic() + 5
    while not local.app[CUT]:
        assert time.monotonic() < give_up, "the model went on"
        time.sleep(0.01)
    assert local.app[CUT][0] < 150


def test_the_models_own_error_is_the_clients(client: openai.OpenAI) -> None:
    """Status, code and message of the model, as the client's own exception."""
    with pytest.raises(openai.RateLimitError) as refused:
        client.chat.completions.create(**say("please fail"))
    assert (refused.value.code, refused.value.status_code) == ("tired", 429)


def test_an_unknown_path_is_a_not_found_error(client: openai.OpenAI) -> None:
    """The gateway's own errors are read by the client as errors of the API."""
    with pytest.raises(openai.NotFoundError) as refused:
        client.embeddings.create(model="assistant", input="x")
    assert (refused.value.code, refused.value.type) == ("no_route", "gateway_error")


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_is_away_is_an_api_error(*, stream: bool) -> None:
    """502 with a code and a request id that the log has too."""
    route = {"protocol": "openai", "match": {"path": "/v1/chat/completions"}, "split": {"gone": 1}}
    away = {"workers": 1, "variants": {"gone": {"endpoints": ["http://127.0.0.1:9"]}}, "routes": {"chat": route}}
    with Gateway(away) as broken:
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{broken.port}/v1", api_key="x", max_retries=0)
        with client, pytest.raises(openai.InternalServerError) as refused:
            client.chat.completions.create(**say("hello"), stream=stream)
    assert (refused.value.status_code, refused.value.code) == (502, "upstream_error")
    assert refused.value.request_id


async def test_many_streams_at_once_do_not_mix(gateway: Gateway) -> None:
    """Thirty readers, each gets its own words."""
    async with openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key="x", max_retries=0) as client:

        async def read(number: int) -> str:
            events = await client.chat.completions.create(**say(f"caller {number} here"), stream=True)
            return "".join([event.choices[0].delta.content or "" async for event in events])

        heard = await asyncio.gather(*map(read, range(30)))
    assert heard == [f"local heard: caller {number} here " for number in range(30)]
