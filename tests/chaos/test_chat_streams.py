"""Chat streams that break, read by the official `openai` client: one coherent answer or a clear error."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import httpx
import openai
import pytest

from tests.chaos.conftest import Measured
from tests.chaos.world import eventually
from tests.support.chat import FAULT, FAULT_AFTER, SEEN, chat
from tests.support.gateway import Gateway
from tests.support.served import Served

WORDS = "one two three four five six"
IDLE = 1.0


class Heard(NamedTuple):
    """What a reader got, up to the end or the error."""

    text: str
    reasons: list[str]
    tokens: list[int]
    variant: str
    code: str | None
    took: float


class Scene:
    """Two chat models, `local` with `hosted` as its fallback, and a reader."""

    def __init__(self, stack: ExitStack) -> None:
        self.local = stack.enter_context(Served(chat("local")))
        self.hosted = stack.enter_context(Served(chat("hosted")))
        watched = {"breaker": {"mode": "observe"}, "timeouts": {"idle": f"{IDLE}s"}}
        route = {"protocol": "openai", "match": {"path": "/v1/chat/completions"}, "split": {"local": 1}}
        settings = {
            "workers": 1,
            "variants": {
                "local": {"endpoints": [self.local.url], **watched},
                "hosted": {"endpoints": [self.hosted.url]},
            },
            "routes": {"chat": {**route, "fallback": {"variants": ["hosted"]}}},
        }
        self.gateway = stack.enter_context(Gateway(settings))
        url = f"http://127.0.0.1:{self.gateway.port}/v1"
        self.client = stack.enter_context(openai.OpenAI(base_url=url, api_key="x", max_retries=0))

    def read(self, fault: str) -> Heard:
        """One stream, read to its end, while `local` does that."""
        self.local.app[FAULT][:] = [fault]
        begun = time.monotonic()
        raw = self.client.chat.completions.with_raw_response.create(
            model="assistant",
            messages=[{"role": "user", "content": WORDS}],
            stream=True,
            stream_options={"include_usage": True},
        )
        words, reasons, tokens, code = list[str](), list[str](), list[int](), None
        try:
            for event in raw.parse():
                if event.usage is not None:
                    tokens.append(event.usage.total_tokens)
                for choice in event.choices:
                    words.append(choice.delta.content or "")
                    reasons += [choice.finish_reason] if choice.finish_reason else []
        except openai.APIError as error:
            code = error.code or type(error).__name__
        variant = raw.headers["x-gateway-variant"]
        return Heard("".join(words), reasons, tokens, variant, code, time.monotonic() - begun)

    def raw(self, fault: str) -> bytes:
        """The same as it stands on the wire."""
        self.local.app[FAULT][:] = [fault]
        url = f"http://127.0.0.1:{self.gateway.port}/v1/chat/completions"
        body = {"model": "assistant", "messages": [{"role": "user", "content": WORDS}], "stream": True}
        return httpx.post(url, json=body, timeout=20).content

    def attempts(self, *wanted: str) -> int:
        """Those whose labels have all of these values."""
        found = self.gateway.metrics().items()
        attempts = ((name, value) for name, value in found if name.startswith("gateway_attempts_total"))
        return int(sum(value for name, value in attempts if all(f'"{each}"' in name for each in wanted)))


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with ExitStack() as stack:
        yield Scene(stack)


def whole(name: str) -> str:
    return f"{name} heard: {WORDS} "


def test_a_stream_that_is_well(scene: Scene) -> None:
    """The usage comes in an event of its own, without choices."""
    heard = scene.read("")
    assert heard[:5] == (whole("local"), ["stop"], [3], "local", None)


@pytest.mark.parametrize("fault", ["500", "error"])
def test_before_it_begins_the_fallback_answers(fault: str, scene: Scene, measured: Measured) -> None:
    """All of it, and nothing of the other."""
    heard = scene.read(fault)
    assert heard[:5] == (whole("hosted"), ["stop"], [3], "hosted", None)
    text = scene.raw(fault)
    assert b"local" not in text
    assert b"out of memory" not in text
    assert text.endswith(b"data: [DONE]\n\n")
    measured(f"a chat stream: {fault} before it begins", f"whole answer of the fallback in {heard.took * 1000:.0f} ms")


@pytest.mark.parametrize(("fault", "within"), [("cut", 1.0), ("stall", IDLE + 1.5)])
def test_once_it_began_it_ends_with_an_error(fault: str, within: float, scene: Scene, measured: Measured) -> None:
    """Whole words of one model, an error that the client raises, no `[DONE]`."""
    heard = scene.read(fault)
    assert heard[:5] == ("local heard: one ", [], [], "local", "upstream_error")
    assert heard.took < within
    text = scene.raw(fault)
    events = text.split(b"\n\n")
    assert len(events) == 1 + FAULT_AFTER + 1 + 1, "a role, three words, the error, and nothing after it"
    assert b'"error"' in events[-2]
    assert b"[DONE]" not in text
    assert b"hosted" not in text
    measured(f"a chat stream: {fault} after three words", f"three words, then an error after {heard.took:.2f} s")


def test_without_done(scene: Scene) -> None:
    """What the model said is all there; the missing mark is not made up."""
    heard = scene.read("open")
    assert heard[:5] == (whole("local"), ["stop"], [3], "local", None)
    assert b"[DONE]" not in scene.raw("open")


def test_every_attempt_is_counted(scene: Scene) -> None:
    """As both models saw them; what ended before its answer began, or broke off, is no success."""
    for fault in ("", "500", "error", "cut", "stall", "open"):
        scene.read(fault)
    local, hosted = (len(model.app[SEEN]) for model in (scene.local, scene.hosted))
    eventually(lambda: (scene.attempts("local"), scene.attempts("hosted")), (local, hosted))
    assert scene.attempts("hosted", "success") == hosted
    assert scene.attempts("local", "timeout") >= 1
    assert scene.attempts("local", "error") >= 3
    assert (
        scene.attempts("local", "success") + scene.attempts("local", "error") + scene.attempts("local", "timeout")
        == local
    )
