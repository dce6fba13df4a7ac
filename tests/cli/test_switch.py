"""`gateway switch`: to one variant once it answers, and back."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.admin.operations import Probe, Probed, Sample, Status
from gateway.core.records import Override
from tests.cli.standin import StandIn
from tests.support.command import run

URL = "http://10.0.0.2:8000"


def probing(admin: StandIn, problem: str) -> Callable[..., object]:
    """Every probe of the stand-in ends with that problem."""

    async def probe(variant: str, sample: Sample | None) -> Probe:
        return Probe("GET /ready", (Probed(URL, problem, 503, 0.1),))

    return probe


def set_split(admin: StandIn) -> Override:
    [override] = admin.memory.overrides()
    return override


def test_to_a_variant_and_back(admin: StandIn) -> None:
    done = run("switch", "fraud", "--to", "fraud-4", "--why", "release 4", "--for", "1h")
    assert done.returncode == 0
    assert done.stderr == f"{URL}: a connection: answers, 4 ms\n"
    assert done.stdout == (
        "route fraud: fraud-3 95, fraud-4 5 -> fraud-4 alone, for 1h; back with: gateway switch fraud --back\n"
    )
    override = set_split(admin)
    assert (override.split, override.rules, override.why) == ({"fraud-4": 1}, "set", "release 4")
    assert override.expires is not None
    done = run("switch", "fraud", "--back")
    assert (done.returncode, done.stdout) == (0, "route fraud: back to the split of revision 1\n")
    assert admin.memory.overrides() == []


def test_back_is_to_what_was_set_before(admin: StandIn) -> None:
    assert run("switch", "fraud", "--to", "fraud-4", "--rules", "keep").returncode == 0
    admin.do(lambda memory: memory.set_override(replace(set_split(admin), previous={"fraud-3": 7})))
    done = run("switch", "fraud", "--back", "--why", "too slow")
    assert (done.returncode, done.stdout) == (0, "route fraud: back to fraud-3 7\n")
    override = set_split(admin)
    assert (override.split, override.rules, override.why) == ({"fraud-3": 7}, "keep", "too slow")


def test_there_is_nothing_to_go_back_to(admin: StandIn) -> None:
    done = run("switch", "fraud", "--back")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "gateway: route fraud was not switched: the split of the revision decides\n"


def test_a_variant_that_does_not_answer_gets_nobody(admin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin.memory, "probe", probing(admin, "status 503"))
    done = run("switch", "fraud", "--to", "fraud-4")
    assert (done.returncode, done.stdout, admin.memory.overrides()) == (1, "", [])
    assert f"{URL}: GET /ready: status 503, 100 ms" in done.stderr
    assert f"gateway: nothing was switched: {URL}: status 503; put it right, or switch all the same" in done.stderr
    done = run("switch", "fraud", "--to", "fraud-4", "--anyway")
    assert done.returncode == 0
    assert f"switched all the same: {URL}: status 503" in done.stderr
    assert set_split(admin).split == {"fraud-4": 1}


def test_a_disabled_variant_gets_nobody(admin: StandIn) -> None:
    assert run("disable", "fraud-4", "--why", "x").returncode == 0
    done = run("switch", "fraud", "--to", "fraud-4")
    assert done.returncode == 1
    assert "nothing was switched: fraud-4 is disabled: gateway enable fraud-4;" in done.stderr


def test_a_variant_whose_breaker_is_half_open_gets_callers_once_a_sample_is_answered(
    admin: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody calls it, so nothing else would ever close its breaker."""
    found = asyncio.run(admin.memory.status())
    half_open = replace(
        found.variants["fraud-4"], breaker=replace(found.variants["fraud-4"].breaker, state="half_open")
    )

    async def status() -> Status:
        return replace(found, variants={**found.variants, "fraud-4": half_open})

    monkeypatch.setattr(admin.memory, "status", status)
    done = run("switch", "fraud", "--to", "fraud-4")
    assert (done.returncode, admin.memory.overrides()) == (1, [])
    assert "the breaker of fraud-4 is half-open: show with --probe FILE that it answers; put it right" in done.stderr
    file = tmp_path / "sample"
    file.write_bytes(b'{"amount": 12}')
    assert run("switch", "fraud", "--to", "fraud-4", "--probe", file).returncode == 0
    assert set_split(admin).split == {"fraud-4": 1}


def test_a_sample_is_asked_for(admin: StandIn, tmp_path: Path) -> None:
    file = tmp_path / "sample"
    file.write_bytes(b'{"amount": 12}')
    done = run("switch", "fraud", "--to", "fraud-4", "--probe", file)
    assert (done.returncode, done.stderr) == (0, f"{URL}: POST /v1/fraud: 200, 4 ms\n")
    assert admin.memory.sample == Sample("fraud", "POST", "/v1/fraud", {}, b'{"amount": 12}')


def test_a_sample_may_be_no_text(admin: StandIn, tmp_path: Path) -> None:
    file = tmp_path / "sample"
    file.write_bytes(b"POST /v1/fraud HTTP/1.1\r\nx-a: b\r\n\r\n\xff\x00")
    assert run("switch", "fraud", "--to", "fraud-4", "--probe", file).returncode == 0
    assert admin.memory.sample == Sample("fraud", "POST", "/v1/fraud", {"x-a": "b"}, b"\xff\x00")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("fraud",), 2, "give either --to VARIANT or --back"),
        (("fraud", "--to", "fraud-4", "--back"), 2, "give either --to VARIANT or --back"),
        (("frud", "--to", "fraud-4"), 1, 'there is no route "frud" (did you mean "fraud"?); there is fraud'),
        (("frud", "--back"), 1, 'there is no route "frud" (did you mean "fraud"?)'),
        (("fraud", "--to", "fraud-44"), 1, 'there is no variant "fraud-44" (did you mean "fraud-4"?)'),
        (("fraud", "--to", "fraud-4", "--probe", "no/such/file"), 1, "cannot read no/such/file"),
        (("fraud", "--to", "fraud-4", "--for", "soon"), 1, "a length such as 30m, 2h or 1d is due"),
    ],
)
def test_refused(arguments: tuple[str, ...], code: int, says: str, admin: StandIn) -> None:
    done = run("switch", *arguments)
    assert (done.returncode, done.stdout, admin.memory.overrides()) == (code, "", [])
    assert says in done.stderr


def test_for_machines(admin: StandIn) -> None:
    outcome = json.loads(run("switch", "fraud", "--to", "fraud-4", "--json").stdout)
    assert outcome["override"]["split"] == {"fraud-4": 1}
    assert json.loads(run("switch", "fraud", "--back", "--json").stdout)["changed"] is True
