"""A whole file, read and built; secrets kept; large and hostile files answered soon."""

import gc
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.config.faults import ConfigError
from gateway.config.load import Configuration, load, load_file
from gateway.config.secret import Secret
from gateway.config.settings import Admin, Notify, Token
from gateway.core import model
from tests.config.fault_cases import completed

EVERYTHING = Path(__file__).parent / "everything.yaml"


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> Configuration:
    """A file that sets every key."""
    monkeypatch.setenv("CI_TOKEN", "hush")
    return load_file(EVERYTHING)


def small(text: str = "") -> Configuration:
    """A file with these lines and what is required."""
    return load(completed(text).encode(), name="x", folder=Path("/etc/gateway"))


def test_the_settings_of_everything(everything: Configuration) -> None:
    settings = everything.settings
    hush = Secret("hush")
    assert settings.listen == everything.snapshot.listen
    assert settings.workers == 3
    assert settings.admin == Admin("127.0.0.1", 9091, (Token("ci", "viewer", hush),))
    assert settings.store == Secret("postgresql://me:hush@db/gateway")
    assert settings.notify == (Notify("https://hooks.example.com/x", ("breaker_tripped",), hush),)


def test_the_variant_of_everything(everything: Configuration) -> None:
    assert everything.snapshot.variants["a"] == model.Variant(
        name="a",
        endpoints=(model.Endpoint("http://a:1", "http", "a", 1),),
        tls=model.UpstreamTls(verify=False),
        version="3.10",
        metadata={"v": "3.10", "n": 5, "t": "hush", "l": [1, {"a": 1.5}]},
        path="/p/{rest}",
        model="m",
        headers=model.Headers((("authorization", "Bearer hush"), ("x", "y")), ("z",)),
        timeouts=model.Timeouts(connect=2.0),
        concurrency=10,
        retry=model.Retry(2, ("connect", 503), 0.1),
        balance="round_robin",
        breaker=model.BreakerSettings(error_statuses=((429, 429), (500, 599)), slow_after=2.0),
        ejection=model.Ejection(for_=6.0),
        health=model.Health("/h"),
    )


def test_the_route_of_everything(everything: Configuration) -> None:
    compare = model.Compare(ignore=("$..x",), at={"$.outputs[*].data": {"as": "cosine", "min": 0.99}})
    assert everything.snapshot.routes["r"] == model.Route(
        name="r",
        match=model.Match("/v1/*"),
        split={"a": 1, "b": 2},
        targeting_key=(model.KeySource(model.Source("cookie", "uid"), 2592000.0),),
        salt="x",
        rules=(model.Rule("q", "s", {"b": 1}),),
        fallback=model.Fallback(
            ("b",),
            ("connect", "slow", 429),
            model.FixedResponse(200, (("content-type", "application/json"),), '{"score": null}'),
        ),
        shadow=(model.Shadow("b", compare=compare),),
    )


def test_no_secret_shows_in_any_text(everything: Configuration) -> None:
    """Nor where a variant carries one to a model, which has to be there in plain."""
    shown = f"{everything.settings!r} {everything.settings} {everything.snapshot.variants['b']!r} {everything.warnings}"
    headers = everything.snapshot.variants["a"].headers
    assert "hush" not in shown + repr(headers)
    assert [f"{each}{each!r}{each:}".count("hush") for each in (everything.settings.store, Secret("hush"))] == [0, 0]


def test_the_snapshot_is_plain_data_for_workers(everything: Configuration) -> None:
    """A worker reads it without this layer, pydantic or YAML."""
    code = (
        "import pickle, sys; pickle.load(sys.stdin.buffer)\n"
        "print([name for name in sys.modules if name.startswith(('gateway.config', 'pydantic', 'yaml'))])"
    )
    data = pickle.dumps(everything.snapshot)
    told = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True, timeout=30)
    assert told.stdout.decode().strip() == "[]"


def test_workers_auto_is_the_processors_this_process_may_use() -> None:
    assert small().settings.workers == len(os.sched_getaffinity(0))


def test_relative_files_begin_at_the_folder() -> None:
    loaded = small(
        "access_log: {path: log/access.jsonl}\nstore: sqlite:///data/gateway.db\n"
        "routes: {r: {match: {path: /x}, split: {a: 1, b: 1}, shadow: [{variant: b, record: pairs.jsonl}]}}"
    )
    assert loaded.snapshot.access_log.path == "/etc/gateway/log/access.jsonl"
    assert loaded.settings.store.reveal() == "sqlite:////etc/gateway/data/gateway.db"
    assert loaded.snapshot.routes["r"].shadow[0].record == "/etc/gateway/pairs.jsonl"


def test_absolute_files_and_standard_output_stay() -> None:
    loaded = small("access_log: {path: '-'}\nstore: sqlite:////var/lib/gateway.db")
    assert loaded.snapshot.access_log.path == "-"
    assert loaded.settings.store.reveal() == "sqlite:////var/lib/gateway.db"


def test_the_default_store_stands_in_the_folder() -> None:
    assert small().settings.store.reveal() == "sqlite:////etc/gateway/gateway.db"


@pytest.mark.parametrize(
    "store",
    [
        "postgresql://db/gateway",
        "postgresql://me@db:5432/gateway?sslmode=require",
        "postgresql://me:${env:CI_TOKEN}@db/gateway",
        "postgresql://${env:CI_TOKEN}@db/gateway",
        "postgresql://${env:CI_TOKEN}:${env:CI_TOKEN}@db/gateway",
    ],
)
def test_stores_without_a_literal_password(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_TOKEN", "hush")
    assert small(f"store: {store}").settings.store.reveal() == store.replace("${env:CI_TOKEN}", "hush")


def test_a_hosts_letter_case_makes_no_difference_and_its_wildcard_stays() -> None:
    match = "{path: /v1/*, host: '*.Example.COM', methods: [GET]}"
    loaded = small(f"routes: {{r: {{match: {match}, split: {{a: 1, b: 1}}}}}}")
    assert loaded.snapshot.routes["r"].match == model.Match("/v1/*", ("GET",), "*.example.com")


def test_the_text_is_kept_as_it_was() -> None:
    text = completed("# a comment\r\n").encode()
    assert load(text, name="x", folder=Path("/")).text == text


def test_a_missing_file_is_one_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the configuration has 1 fault") as refused:
        load_file(tmp_path / "none.yaml")
    (fault,) = refused.value.faults
    assert fault.at("none.yaml") == "none.yaml:1:1: (file): cannot be read: No such file or directory"


def test_the_garbage_collector_runs_on_after_a_fault() -> None:
    with pytest.raises(ConfigError):
        small("workers: none")
    assert gc.isenabled()


def test_two_thousand_routes_and_five_thousand_variants_are_read_in_seconds() -> None:
    """Measured 1.3 s; three times as much would be a mistake of ours, not a slow machine."""
    started = time.process_time()
    loaded = load(large(2000, 5000), name="x", folder=Path("/"))
    assert time.process_time() - started < 6
    assert (len(loaded.snapshot.routes), len(loaded.snapshot.variants)) == (2000, 5000)


def large(routes: int, variants: int) -> bytes:
    """A large file, as a tool might write it."""
    lines = ["listen: ['0.0.0.0:8080']", "variants:"]
    for number in range(variants):
        address = f"10.{number >> 8}.{number & 255}"
        lines += [
            f"  model-{number}:",
            f"    endpoints: [http://{address}.1:8000, http://{address}.2:8000]",
            f'    version: "1.{number}"',
            "    timeouts: {connect: 1s, first_byte: 20s}",
            "    breaker: {error_rate: 40%, slow_after: 2s}",
        ]
    lines += [
        "segments:",
        "  gold: {all: [{header: x-tier, in: [gold]}, {json: $.user.region, matches: ^eu}]}",
        "routes:",
    ]
    for number in range(routes):
        lines += [
            f"  route-{number}:",
            f"    match: {{path: /v1/{number}, methods: [POST]}}",
            "    targeting_key: [{header: x-user-id}]",
            f"    rules: [{{segment: gold, split: {{model-{number}: 1}}}}]",
            f"    split: {{model-{number}: 95, model-{number + variants // 2}: 5}}",
        ]
    return "\n".join(lines).encode()


HOSTILE = {
    "a list of half a million": b"listen: [" + b"1," * 490_000 + b"]",
    "many unknown keys": b"\n".join(b"k%d: 1" % number for number in range(50_000)),
    "many unknown variants": b"listen: ['x:1']\nvariants: {%s}\nroutes: {r: {match: {path: /x}, split: {%s}}}"
    % (
        b", ".join(b"v%d: {endpoints: [http://x]}" % number for number in range(5_000)),
        b", ".join(b"w%d: 1" % number for number in range(20_000)),
    ),
    "a long pattern": completed("segments: {s: {header: x, matches: '" + "(a|b)*" * 100_000 + "'}}").encode(),
    "a long range": completed("segments: {s: {header: x, semver: '" + ">=1," * 100_000 + ">=1'}}").encode(),
    "a deep path": completed(
        "routes: {r: {match: {path: /x}, split: {a: 1}, shadow: [{variant: a, compare: {ignore: ['$[?"
        + "!" * 900
        + "@.a]']}}]}}"
    ).encode(),
    "a name of a megabyte": b"? " + b"x" * (1 << 20) + b"\n: 1\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_files_are_refused_in_seconds(text: bytes) -> None:
    started = time.process_time()
    with pytest.raises(ConfigError) as refused:
        load(text, name="x", folder=Path("/"))
    assert time.process_time() - started < 20
    assert 1 <= len(refused.value.faults) <= 1001
    assert max(len(str(fault)) for fault in refused.value.faults) < 2000
