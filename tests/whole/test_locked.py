"""Locked: whatever is sent to the admin side of a live gateway is answered as its document says, and no secret is told.

schemathesis makes up requests, right ones and wrong ones. The secrets are looked for in every answer, in what the
processes print, in the store's file and in what webhooks carry.
"""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from gateway.admin.calls import PREFIX
from gateway.admin.table import CALLS
from gateway.cli.api import Api
from tests.admin.test_access import EXAMPLES
from tests.admin.test_openapi import CHECKS, DOCUMENT
from tests.processes.conftest import until
from tests.support.client import request
from tests.support.gateway import Gateway
from tests.support.origin import Origin
from tests.whole.scale import sized, tell

SECRETS = {
    "ADMIN_TOKEN": "a0-token-of-the-admin",
    "VIEWER_TOKEN": "v0-token-of-the-viewer",
    "HOOK_SECRET": "whsec_bm90aWZpY2F0aW9ucyBhcmUgc2lnbmVkIQ==",
    "MODEL_KEY": "k0-key-of-the-model",
    "OTHER_KEY": "k1-next-key-of-the-model",
}
WRONG = "w0-token-of-somebody-else"
MODES = list(GenerationMode)
DECLARED = [each for each in CHECKS if each is not checks.negative_data_rejection]
"""No fault of ours, and only what the document says. That wrong requests are refused is not for schemathesis to say
here: to it a 412, which answers a wrong `If-Match` before the body is looked at, is no refusal."""
BOUNDED = hypothesis.settings(
    max_examples=sized(3, 150),
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Locked:
    """A gateway with secrets, and all that it ever said."""

    gateway: Gateway
    api: Api
    told: list[bytes] = field(default_factory=list)

    def get(self, path: str) -> bytes:
        """The answer to a viewer, kept."""
        target = f"http://127.0.0.1:{self.gateway.admin_port}{path}"
        ask = urllib.request.Request(target, headers={"Authorization": f"Bearer {SECRETS['VIEWER_TOKEN']}"})
        with urllib.request.urlopen(ask, timeout=10) as answer:
            self.told.append(answer.read())
        return self.told[-1]


def settings(model: str, hook: str, key: str = "MODEL_KEY") -> dict[str, Any]:
    headers = {"set": {"authorization": f"${{env:{key}}}"}}
    tokens = [
        {"name": "root", "role": "admin", "token": "${env:ADMIN_TOKEN}"},
        {"name": "eyes", "role": "viewer", "token": "${env:VIEWER_TOKEN}"},
    ]
    route = {"match": {"path": "/*"}, "targeting_key": [{"header": "x-user"}], "split": {"fraud-3": 1, "fraud-4": 1}}
    return {
        "workers": 1,
        "admin": {"tokens": tokens},
        "notify": [{"url": hook, "secret": "${env:HOOK_SECRET}"}],
        "variants": {name: {"endpoints": [model], "headers": headers} for name in ("fraud-3", "fraud-4")},
        "routes": {"fraud": route},
    }


@pytest.fixture(scope="module")
def hook() -> Iterator[tuple[str, list[bytes]]]:
    """Where webhooks go, and all that came."""
    came: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(str(self.headers).encode() + self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", came
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def locked(hook: tuple[str, list[bytes]]) -> Iterator[Locked]:
    with Origin() as origin, Gateway(settings(origin.url, hook[0]), env=SECRETS) as gateway:
        yield Locked(gateway, Api(f"http://127.0.0.1:{gateway.admin_port}", token=SECRETS["ADMIN_TOKEN"]))


@pytest.mark.timeout(sized(90, 900))
@pytest.mark.parametrize("mode", MODES)
def test_whatever_is_sent_is_answered_as_described(locked: Locked, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    base = f"http://127.0.0.1:{locked.gateway.admin_port}{PREFIX}"
    headers = {"Authorization": f"Bearer {SECRETS['ADMIN_TOKEN']}"}
    statuses: list[int] = []
    for call in CALLS:
        known = {name: EXAMPLES[name] for name in re.findall(r"{(\w+)}", call.path)}
        fixed = {"path_parameters": known} if known and mode is GenerationMode.POSITIVE else {}

        @hypothesis.given(case=schema[call.path][call.method].as_strategy(generation_mode=mode, **fixed))
        @BOUNDED
        def send(case: schemathesis.Case) -> None:
            response = case.call_and_validate(base_url=base, headers=headers, checks=DECLARED)
            locked.told.append(response.content)
            statuses.append(response.status_code)

        send()
    counts = {status: statuses.count(status) for status in sorted(set(statuses))}
    tell(f"{len(statuses)} made-up requests ({mode.name.lower()}) to {len(CALLS)} calls: {counts}")
    assert len(statuses) >= len(CALLS)


def test_no_secret_is_told_anywhere(locked: Locked, hook: tuple[str, list[bytes]]) -> None:
    """After changes of every kind, among them of a secret itself."""
    gateway, api = locked.gateway, locked.api
    whole = json.loads(gateway.file.read_text())
    model = whole["variants"]["fraud-3"]["endpoints"][0]
    rekeyed = json.dumps(whole | {"variants": settings(model, hook[0], "OTHER_KEY")["variants"]}).encode()
    for method, path, body in [
        ("POST", ("config", "plan"), rekeyed),
        ("PUT", ("config",), rekeyed),
        ("PUT", ("variants", "fraud-3", "enabled"), {"enabled": False, "reason": "ill"}),
        ("POST", ("variants", "fraud-4", "probe"), {}),
        ("POST", ("revisions", 1, "restore"), {}),
    ]:
        locked.told.append(api.call(method, *path, body=body).body)
    refuse_wrong_token(locked)
    with gateway.connect() as client:
        reply = client.exchange(request("GET", "/x"))
    locked.told.append(reply.raw_head + reply.body)
    until(lambda: any(b"override_set" in each for each in hook[1]), "a webhook")
    for path in ("config", "status", "revisions", "revisions/1", "overrides", "events?limit=500", "openapi.json"):
        locked.get(f"{PREFIX}/{path}")
    locked.get("/metrics")
    files = [file.read_bytes() for file in gateway.folder.glob("gateway.db*")]
    said = b"\n".join([*locked.told, *hook[1], *files, (gateway.stderr + gateway.stdout).encode()])
    assert len(said) > 10_000
    assert files
    assert [name for name, secret in (SECRETS | {"wrong token": WRONG}).items() if secret.encode() in said] == []
    tell(f"no secret in {len(said) >> 10} KiB of answers, logs, webhooks and records")


def refuse_wrong_token(locked: Locked) -> None:
    for target, fields in [("status", {"Authorization": f"Bearer {WRONG}"}), (f"status?token={WRONG}", {})]:
        url = f"http://127.0.0.1:{locked.gateway.admin_port}{PREFIX}/{target}"
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url, headers=fields), timeout=10)
        with refused.value as answer:
            assert answer.code in {400, 401}
            locked.told.append(answer.read())
