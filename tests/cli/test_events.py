"""`gateway events`: the past, filtered; and what comes."""

import json
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.cli import events, following, history
from gateway.cli.api import Api
from gateway.cli.following import follow
from tests.admin.memory import START
from tests.cli.standin import StandIn
from tests.support.command import GATEWAY, run


@pytest.fixture
def busy(admin: StandIn) -> StandIn:
    """One event a second since START: the first revision, then 1,200 about five variants."""
    for number in range(1200):
        kind = "override_ended" if number % 2 else "override_set"
        admin.do(
            lambda memory, number=number, kind=kind: memory._tell(kind, f"variant v{number % 5}", "ann", f"n{number}")
        )
    return admin


def ids(*arguments: str) -> list[int]:
    done = run("events", "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return [each["id"] for each in json.loads(done.stdout)["items"]]


def test_lines_for_people(admin: StandIn) -> None:
    assert run("disable", "fraud-4", "--why", "scores are all 1").returncode == 0
    done = run("events")
    assert (done.returncode, done.stderr) == (0, "")
    heading, *_, line = done.stdout.splitlines()
    assert heading.split() == ["TIME", "EVENT", "SUBJECT", "BY", "WHY"]
    assert line.startswith("2026-01-31 12:00:02Z  override_set ")
    assert line.endswith("  anonymous  scores are all 1")


def test_the_revision_that_was_made_is_named(admin: StandIn) -> None:
    event = {
        "time": "2026-01-31T12:00:00Z",
        "kind": "reload_applied",
        "who": "ci",
        "why": "ramp",
        "subject": "configuration",
    }
    assert events._row({**event, "detail": {"revision": 8}})[2] == "configuration, revision 8"


@pytest.mark.parametrize(
    ("subject", "detail", "shown"),
    [
        ("route fraud", {"override": "split_set", "split": {"v2": 1}, "rules": "set"}, "route fraud set to v2 1"),
        ("variant v", {"override": "breaker_forced", "state": "open"}, "breaker of v forced open"),
        ("variant v", {}, "variant v"),
    ],
)
def test_what_was_decided_is_named(subject: str, detail: dict[str, object], shown: str) -> None:
    assert events._subject({"subject": subject, "detail": detail}) == shown


def test_a_kind_that_no_event_has_is_bad_usage(admin: StandIn) -> None:
    done = run("events", "--kind", "breaker_trippd")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'breaker_trippd' is not one of 'breaker_tripped'" in done.stderr


def test_without_since_the_newest(busy: StandIn) -> None:
    assert ids("--limit", "3") == [1199, 1200, 1201]
    assert len(ids()) == 100
    assert ids("--variant", "v0", "--limit", "2") == [1192, 1197]


@pytest.mark.parametrize(
    ("since", "first", "count"),
    [
        ("0", 1, 1201),
        ("1199", 1200, 2),
        ("2026-01-31T12:00:00Z", 1, 1201),
        ("2026-01-31T12:15:00Z", 900, 302),
        ("2026-01-31T12:15:00.5Z", 901, 301),
        ("2026-01-31T14:20:01+02:00", 1201, 1),
    ],
)
def test_since_a_number_or_a_time(since: str, first: int, count: int, busy: StandIn) -> None:
    found = ids("--since", since)
    assert (found[0], len(found)) == (first, count)


@pytest.mark.parametrize("since", ["1201", "1h", "2026-02-01T00:00:00Z"])
def test_since_then_nothing_happened(since: str, busy: StandIn) -> None:
    done = run("events", "--since", since)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no such events\n")


def test_since_a_length_of_time_ago(busy: StandIn) -> None:
    seconds = int((datetime.now(UTC) - START).total_seconds())
    assert 290 < len(ids("--since", f"{seconds - 900}s")) < 310


def test_the_last_event_before_a_time_whatever_the_numbers(admin: StandIn) -> None:
    assert history.before(Api(admin.url), START) == 0
    assert history.before(Api(admin.url), START + timedelta(days=1)) == 1


def test_kinds_and_subjects(busy: StandIn) -> None:
    assert ids("--since", "1190", "--kind", "override_set") == [1192, 1194, 1196, 1198, 1200]
    assert ids("--since", "0", "--kind", "reload_applied") == [1]
    assert ids("--since", "1190", "--kind", "override_set", "--variant", "v0") == [1192]
    assert ids("--since", "1190", "--variant", "v0", "--route", "fraud") == [1192, 1197]


@pytest.mark.parametrize("since", ["", "yesterday", "-1", "12 h", "2026-13-01T00:00:00Z", "99999999999h", "1.5h"])
def test_what_is_no_time_is_bad_usage(since: str, admin: StandIn) -> None:
    done = run("events", "--since", since)
    assert (done.returncode, done.stdout) == (2, "")


class Followed:
    """`gateway events --follow` as a process, read line by line."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*GATEWAY, "events", "--follow", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self) -> str:
        """Ctrl-C; its messages."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=30)
        assert self.process.returncode == 130
        return errors


def test_following_begins_where_it_is_told_and_goes_on(busy: StandIn) -> None:
    followed = Followed("--since", "1199", "--json")
    assert [json.loads(followed.line())["id"] for _ in range(2)] == [1200, 1201]
    busy.do(lambda memory: memory._tell("store_lost", "store", "gateway", "disk full"))
    assert json.loads(followed.line())["kind"] == "store_lost"
    assert followed.end() == "\n"


def test_following_shows_people_what_they_want(admin: StandIn) -> None:
    followed = Followed("--since", "0", "--kind", "store_lost")
    admin.do(lambda memory: memory._tell("store_back", "store", "gateway", ""))
    admin.do(lambda memory: memory._tell("store_lost", "store", "gateway", "disk full"))
    assert followed.line() == (
        "2026-01-31 12:00:03Z  store_lost          store                       gateway       disk full\n"
    )
    assert followed.end() == "\n"


def test_a_stream_that_is_lost_is_begun_again_and_nothing_is_missed(
    admin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in ends every stream after two events."""
    monkeypatch.setattr(following, "PAUSE", 0.01)
    whole = admin.memory.follow

    async def two(since: int | None) -> Any:
        count = 0
        async for event in whole(since):
            yield event
            count += 1
            if count == 2:
                return

    monkeypatch.setattr(admin.memory, "follow", two)
    for number in range(6):
        admin.do(lambda memory, number=number: memory._tell("override_set", "variant v", "ann", str(number)))
    lost: list[str] = []
    coming = follow(Api(admin.url), 1, lost=lost.append)
    assert [next(coming)["id"] for _ in range(6)] == [2, 3, 4, 5, 6, 7]
    assert lost == ["the gateway ended the stream"] * 2


def test_from_now_on_is_after_the_newest(busy: StandIn) -> None:
    api = Api(busy.url)
    assert history.number(api, None) == 1201
    assert history.number(api, 7) == 7
    assert history.number(api, START + timedelta(seconds=900)) == 899
    busy.memory.is_store_away = True
    assert history.number(api, None) is None


def test_a_stream_that_is_refused_ends_the_command(admin: StandIn) -> None:
    done = run("events", "--follow", "--admin", f"{admin.url}/below", "--since", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is nothing here" in done.stderr
