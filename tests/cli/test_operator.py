"""An operator's day: the installed commands against a real gateway with two models, blue and green.

Who answers is asked by callers on the serving port; a command's own word counts for nothing here.
"""

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.api import Api
from tests.support.command import GATEWAY, Ended, spawn
from tests.support.gateway import Gateway
from tests.support.origin import Origin, canned, reply

ROLES = {"ann": "operator", "ci": "admin"}
TOKENS = {name: f"{name}-0123456789abcdef" for name in ROLES}
CALLERS = range(200)

Config = dict[str, Any]


class Shop:
    """A gateway, its two models, and the operators who look after them: ann, and a pipeline."""

    def __init__(self, gateway: Gateway, blue: Origin, green: Origin) -> None:
        self.gateway = gateway
        self.blue = blue
        self.green = green
        self._first = gateway.file.read_text()

    def reset(self) -> None:
        """Blue answers everybody again."""
        api = Api(f"http://127.0.0.1:{self.gateway.admin_port}", token=TOKENS["ci"])
        for each in api.get("overrides")["items"]:
            if each["kind"] == "split_set":
                api.call("DELETE", "routes", each["subject"], "split")
            else:
                api.call("PUT", "variants", each["subject"], "enabled", body={"enabled": True})
        api.call("PUT", "config", body=self._first.encode())

    def file(self, name: str, blue: int, green: int, *, spoiled: bool = False) -> Path:
        """A configuration file beside the gateway's own, or that one itself, with these weights."""
        config = json.loads(self._first)
        config["routes"]["shop"]["split"] = {"blue": blue, "grene" if spoiled else "green": green}
        file = self.gateway.folder / name
        file.with_suffix(".new").write_text(json.dumps(config, indent=2))
        return file.with_suffix(".new").rename(file)

    def env(self, who: str) -> dict[str, str]:
        """Where commands find the gateway, and who asks."""
        return {"GATEWAY_ADMIN": f"127.0.0.1:{self.gateway.admin_port}", "GATEWAY_TOKEN": TOKENS[who]}

    def type(self, *arguments: str | Path, who: str = "ann") -> Ended:
        """What a command comes to when that operator types it."""
        return spawn(*map(str, arguments), env=self.env(who))

    def do(self, *arguments: str | Path, who: str = "ann") -> list[str]:
        """The output of a command that must do what it was asked."""
        ended = self.type(*arguments, who=who)
        assert ended.returncode == 0, ended
        return ended.stdout.splitlines()

    def read(self, *arguments: str) -> Config:
        """The same for machines."""
        found = json.loads("\n".join(self.do(*arguments, "--json")))
        assert isinstance(found, dict)
        return found

    def answers(self) -> dict[int, str]:
        """Who answers each of many callers now."""
        return {caller: self.answer(caller) for caller in CALLERS}

    def answer(self, caller: int) -> str:
        """Who answers that caller, on a connection of its own so that every worker is met."""
        with self.gateway.connect() as client:
            got = client.get("/shop", f"x-user: {caller}")
        return got.body.decode() if got.status == 200 else str(got.status)


@contextmanager
def opened() -> Iterator[Shop]:
    """A new one, in which blue answers everybody."""
    with Origin() as blue, Origin() as green:
        blue.answer, green.answer = canned(reply(b"blue")), canned(reply(b"green"))
        route = {
            "match": {"path": "/shop"},
            "targeting_key": [{"header": "x-user"}],
            "split": {"blue": 1, "green": 0},
        }
        settings = {
            "workers": 2,
            "admin": {"tokens": [{"name": name, "role": ROLES[name], "token": f"${{env:{name}}}"} for name in ROLES]},
            "variants": {"blue": {"endpoints": [blue.url]}, "green": {"endpoints": [green.url]}},
            "routes": {"shop": route},
        }
        with Gateway(settings, env=TOKENS) as gateway:
            yield Shop(gateway, blue, green)


@pytest.fixture(scope="module")
def only_shop() -> Iterator[Shop]:
    with opened() as shop:
        yield shop


@pytest.fixture
def shop(only_shop: Shop) -> Shop:
    """The same for all tests, put back to its beginning."""
    only_shop.reset()
    return only_shop


def test_weights_are_changed_and_nobody_moves_who_need_not(shop: Shop) -> None:
    """5 %, then 50 %, by the pipeline: what the plan says is who moves."""
    assert set(shop.answers().values()) == {"blue"}
    output = shop.do("apply", shop.file("new.yaml", 95, 5), "-m", "green to 5 %", "--yes", who="ci")
    assert "  5 % of targeting keys move from blue to green" in output
    few = shop.answers()
    shop.do("apply", shop.file("new.yaml", 50, 50), "-m", "green to 50 %", "--yes", who="ci")
    half = shop.answers()
    on_green = [caller for caller in CALLERS if half[caller] == "green"]
    assert {caller for caller in CALLERS if few[caller] == "green"} <= set(on_green)
    assert 70 < len(on_green) < 130


def test_a_bad_change_is_refused_with_its_line_and_changes_nothing(shop: Shop) -> None:
    before = shop.read("status")["revision"]
    file = shop.file("new.yaml", 1, 1, spoiled=True)
    ended = shop.type("apply", file, "-m", "x", "--yes", who="ci")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert re.match(rf'{file}:\d+:\d+: routes\.shop\.split\.grene: .*\(did you mean "green"\?\)', ended.stderr)
    assert set(shop.answers().values()) == {"blue"}
    assert shop.read("status")["revision"] == before


def test_a_broken_file_is_shown_and_what_is_in_force_stays_until_it_is_right() -> None:
    """And while it is broken, changes go on."""
    with opened() as shop:
        shop.file("gateway.yaml", 1, 1, spoiled=True)
        refused = next_event(shop, "reload_refused")
        assert (refused["who"], "routes.shop.split.grene" in refused["why"]) == ("file", True)
        screen = shop.do("status")
        assert screen[1].startswith("FILE REFUSED: ")
        assert "routes.shop.split.grene" in screen[2]
        assert set(shop.answers().values()) == {"blue"}
        shop.file("gateway.yaml", 0, 1)
        next_event(shop, "reload_applied", after=refused["id"])
        assert set(shop.answers().values()) == {"green"}
        assert not [line for line in shop.do("status") if line.startswith("FILE")]


def next_event(shop: Shop, kind: str, *, after: int = 0) -> Config:
    """The first of that kind, as soon as it happens."""
    command = [*GATEWAY, "events", "--follow", "--json", "--kind", kind, "--since", str(after)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | shop.env("ann")) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
    event = json.loads(line)
    assert isinstance(event, dict)
    return event


def test_a_change_is_taken_back_at_the_terminal(shop: Shop) -> None:
    """Shown, asked, and said yes to."""
    shop.do("apply", shop.file("new.yaml", 0, 1), "-m", "all to green", "--yes", who="ci")
    assert set(shop.answers().values()) == {"green"}
    master, slave = pty.openpty()
    os.write(master, b"y\n")
    ended = subprocess.run(
        [*GATEWAY, "rollback", "-m", "green is wrong"],
        stdin=slave,
        capture_output=True,
        text=True,
        timeout=30,
        env=os.environ | shop.env("ann"),
    )
    os.close(slave)
    os.close(master)
    assert ended.returncode == 0, ended
    assert "  100 % of targeting keys move from green to blue" in ended.stdout.splitlines()
    assert set(shop.answers().values()) == {"blue"}


def test_a_model_is_taken_out_and_let_in_again(shop: Shop) -> None:
    shop.do("apply", shop.file("new.yaml", 1, 1), "-m", "half", "--yes", who="ci")
    before = shop.answers()
    assert set(before.values()) == {"blue", "green"}
    shop.do("disable", "green", "--why", "scores are all 1")
    assert set(shop.answers().values()) == {"blue"}
    assert any("scores are all 1" in line for line in shop.do("overrides"))
    shop.do("enable", "green")
    assert shop.answers() == before


def test_a_model_is_taken_out_for_a_while(shop: Shop) -> None:
    shop.do("apply", shop.file("new.yaml", 1, 1), "-m", "half", "--yes", who="ci")
    before = shop.answers()
    shop.do("disable", "green", "--why", "upgrade", "--for", "1s")
    [event] = shop.read("events", "--limit", "1")["items"]
    next_event(shop, "override_ended", after=event["id"])
    assert shop.answers() == before


def test_blue_to_green_and_back(shop: Shop) -> None:
    sample = shop.gateway.folder / "sample"
    sample.write_bytes(b"GET /shop HTTP/1.1\nx-user: 7\n\n")
    shop.do("switch", "shop", "--to", "green", "--probe", sample, "--why", "release 2")
    assert set(shop.answers().values()) == {"green"}
    shop.do("switch", "shop", "--back")
    assert set(shop.answers().values()) == {"blue"}


def test_nobody_is_switched_to_a_model_that_does_not_answer(shop: Shop) -> None:
    sample = shop.gateway.folder / "sample"
    sample.write_bytes(b"GET /shop HTTP/1.1\n\n")
    with shop.green.answering(canned(reply(b"", status="500 Broken"))):
        ended = shop.type("switch", "shop", "--to", "green", "--probe", sample)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"gateway: nothing was switched: {shop.green.url}: " in ended.stderr
    assert "500" in ended.stderr
    assert set(shop.answers().values()) == {"blue"}


def test_who_did_what(shop: Shop) -> None:
    """In the list of revisions, in the events, and by lines."""
    shop.do("apply", shop.file("new.yaml", 1, 1), "-m", "half and half", "--yes", who="ci")
    shop.do("disable", "green", "--why", "scores are all 1")
    shop.do("rollback", "-m", "too early", "--yes")
    now, half, *_ = [line.split(None, 5) for line in shop.do("revisions")][1:]
    assert (now[3:], half[3:]) == (["ann", "restore", "too early"], ["ci", "api", "half and half"])
    changed = {line[0] + line[1:].strip() for line in shop.do("revisions", half[0], "--diff")[3:] if line[0] in "+-"}
    assert changed == {'-"green": 0', '+"green": 1'}
    assert len(shop.do("overrides")) == 2
    *_, disabled = shop.read("events", "--kind", "override_set", "--since", "1h")["items"]
    assert (disabled["subject"], disabled["who"], disabled["why"]) == ("variant green", "ann", "scores are all 1")
    assert shop.do("events", "--variant", "green")[-1].split()[-5:] == ["ann", "scores", "are", "all", "1"]


def test_an_operator_may_not_write_configuration(shop: Shop) -> None:
    ended = shop.type("apply", shop.file("new.yaml", 1, 1), "-m", "x", "--yes", who="ann")
    assert ended.returncode == 1
    assert "this takes the role admin; the token ann has the role operator" in ended.stderr
    assert not any(token in ended.stderr + ended.stdout for token in TOKENS.values())
