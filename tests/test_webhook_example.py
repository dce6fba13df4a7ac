"""The page about webhooks against what is posted: its example verifies, and the message it shows is true."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.config.secret import Secret
from gateway.control.posting import body, headers
from gateway.core.records import Event

PAGE = (Path(__file__).parents[1] / "docs" / "webhooks.md").read_text()
EVENT = Event(
    311, datetime(2026, 1, 31, 12, tzinfo=UTC), "override_set", "variant fraud-4", "ann", "scores are all 1", {}
)
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSBob29r"

Verify = Callable[[dict[str, str], bytes, str], bool]


@pytest.fixture
def verify() -> Verify:
    """The function of the page."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Verify] = {}
    exec(code, names)
    return names["is_from_the_gateway"]


def posted(age: float = 0.0) -> tuple[dict[str, str], bytes]:
    """One message as it is sent, that long ago."""
    content = body(EVENT)
    now = datetime.fromtimestamp(time.time() - age, UTC)
    return headers(EVENT, content, secret=Secret(SECRET), now=now), content


def test_what_is_posted_is_verified(verify: Verify) -> None:
    fields, content = posted()
    assert verify(fields, content, SECRET)
    rotated = fields | {"webhook-signature": f"v1,AAAA {fields['webhook-signature']}"}
    assert verify(rotated, content, SECRET)


@pytest.mark.parametrize("field", ["webhook-id", "webhook-timestamp"])
def test_what_was_altered_is_not(field: str, verify: Verify) -> None:
    fields, content = posted()
    assert not verify(fields | {field: f"{fields[field]}0"}, content, SECRET)
    assert not verify(fields, content.replace(b"ann", b"bob"), SECRET)
    assert not verify(fields, content, SECRET[:-4] + "aaaa")


def test_what_is_old_is_not(verify: Verify) -> None:
    assert not verify(*posted(age=400), SECRET)


def test_the_message_of_the_page_is_the_one_that_is_posted() -> None:
    [shown] = re.findall(r"^\{.*\}$", PAGE, re.MULTILINE)
    assert json.loads(shown) == json.loads(body(EVENT))
    fields = headers(EVENT, body(EVENT), secret=Secret(SECRET), now=EVENT.time)
    for name in ("webhook-id", "webhook-timestamp"):
        assert f"\n{name}: {fields[name]}\n" in PAGE
    assert json.loads(body(EVENT))["text"] in PAGE
