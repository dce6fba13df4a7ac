"""Changing a running gateway's configuration, and seeing what is served."""

import json
import time
from pathlib import Path

from gateway.cli.api import Api, Document
from tests.support.gateway import Gateway
from tests.support.http1 import Reply

TAKEN_WITHIN = 2.0
"""Seconds from a change of the file to its being served."""


def api(gateway: Gateway) -> Api:
    """Its admin side."""
    return Api(f"http://127.0.0.1:{gateway.admin_port}")


def status(gateway: Gateway) -> Document:
    """What it says of itself."""
    return api(gateway).get("status")


def put(gateway: Gateway, text: str, *, match: int = 0) -> Document:
    """The outcome of a text put in force by the admin side."""
    return api(gateway).call("PUT", "config", body=text.encode(), match=match).document


def versioned(gateway: Gateway, version: str, **sections: object) -> str:
    """The present file's text with another version of the model in it, and other sections."""
    settings = json.loads(gateway.file.read_text())
    settings["variants"]["model"]["version"] = version
    return json.dumps({**settings, **sections}, indent=2)


def ask(gateway: Gateway) -> Reply:
    """A reply of the model's."""
    with gateway.connect() as client:
        reply = client.get("/x")
    assert reply.status == 200, reply
    return reply


def answers(gateway: Gateway) -> bool:
    """Whether the model does."""
    with gateway.connect() as client:
        return client.get("/x").status == 200


def version(gateway: Gateway) -> str:
    """Of the model that answers now."""
    return (ask(gateway).one("x-gateway-version") or b"").decode()


def revision(gateway: Gateway) -> int:
    """By which is served now."""
    return int(ask(gateway).text("x-gateway-revision"))


def wait_version(gateway: Gateway, wanted: str) -> None:
    """Served in time."""
    since = time.monotonic()
    while version(gateway) != wanted:
        assert time.monotonic() - since < 20, gateway.stderr
        time.sleep(0.02)
    assert time.monotonic() - since < TAKEN_WITHIN


def rename_over(file: Path, text: str) -> None:
    """As most editors and tools write."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.rename(file)


def write_slowly(file: Path, text: str) -> None:
    """As one that truncates and takes its time; half a file must never be taken."""
    with file.open("w") as stream:
        for start in range(0, len(text), len(text) // 4 + 1):
            stream.write(text[start : start + len(text) // 4 + 1])
            stream.flush()
            time.sleep(0.05)
