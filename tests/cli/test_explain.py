"""`gateway explain`: the request it is told, and both forms of its answer."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import EXAMPLE, example, run

PATH = ("--path", "/v1/fraud")


def explained(file: Path, *arguments: str | Path) -> dict[str, Any]:
    done = run("explain", file, *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer.keys() == {"route", "rule", "variant", "reason", "key", "steps"}
    assert all(isinstance(step, str) for step in answer.pop("steps"))
    return answer


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ("--header", "x-user-id: user-1"),
            {"route": "fraud", "rule": None, "variant": "fraud-3", "reason": "split", "key": "user-1"},
        ),
        (
            ("--header", "X-Tier:gold", "--header", "x-tier: none"),
            {"route": "fraud", "rule": "gold", "variant": "fraud-4", "reason": "rule:gold", "key": None},
        ),
        (
            ("--method", "DELETE"),
            {"route": None, "rule": None, "variant": None, "reason": "method_not_allowed", "key": None},
        ),
    ],
    ids=["key", "rule", "method"],
)
def test_the_decision(tmp_path: Path, arguments: tuple[str, ...], expected: dict[str, object]) -> None:
    """`user-1` is the first published vector of the assignment."""
    assert explained(example(tmp_path), *PATH, *arguments) == expected


def test_a_path_nobody_takes_is_explained_too(tmp_path: Path) -> None:
    assert explained(example(tmp_path), "--path", "/other")["reason"] == "no_route"


def test_the_method_is_post_where_a_body_is_given(tmp_path: Path) -> None:
    file = example(tmp_path, EXAMPLE.replace("[GET, POST]", "[POST]"))
    body = tmp_path / "body.json"
    body.write_text('{"user": {"region": "eu-west"}}')
    assert explained(file, *PATH)["reason"] == "method_not_allowed"
    assert explained(file, *PATH, "--body", body)["reason"] == "rule:eu"


def test_a_compressed_body_is_read_as_a_worker_reads_it(tmp_path: Path) -> None:
    body = tmp_path / "body.gz"
    body.write_bytes(gzip.compress(b'{"user": {"region": "eu-west"}}'))
    file = example(tmp_path)
    assert explained(file, *PATH, "--body", body)["reason"] == "unkeyed"
    assert explained(file, *PATH, "--body", body, "--header", "content-encoding: gzip")["reason"] == "rule:eu"


def test_a_body_above_the_limit_has_no_fields(tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"user": {"region": "eu-west"}, "more": "x" * 2048}))
    assert explained(example(tmp_path), *PATH, "--body", body)["reason"] == "rule:eu"
    limited = example(tmp_path, EXAMPLE + "limits: {inspect_body: 1KiB}\n")
    assert explained(limited, *PATH, "--body", body)["reason"] == "unkeyed"


def test_the_binary_part_of_an_open_inference_body_is_not_json(tmp_path: Path) -> None:
    file = example(tmp_path, EXAMPLE.replace("match:", "protocol: oip\n    match:"))
    head = b'{"user": {"region": "eu-west"}}'
    body = tmp_path / "body.bin"
    body.write_bytes(head + bytes(range(256)))
    field = f"inference-header-content-length: {len(head)}"
    assert explained(file, *PATH, "--body", body, "--header", field)["reason"] == "rule:eu"


def test_query_client_and_host_count(tmp_path: Path) -> None:
    text = EXAMPLE.replace("{header: x-tier, in: [gold, platinum]}", "{query: tier, eq: gold}")
    text = text.replace("{json: $.user.region, matches: ^eu-}", "{client: ip, cidr: 192.0.2.0/24}")
    file = example(tmp_path, text.replace("path: /v1/fraud,", "path: /v1/fraud, host: api.example.com,"))
    assert explained(file, *PATH)["reason"] == "no_route"
    for host in (("--host", "API.example.com:8080"), ("--header", "Host: api.example.com")):
        assert explained(file, "--path", "/v1/fraud?tier=gold", *host)["reason"] == "rule:gold"
        assert explained(file, *PATH, *host, "--client", "192.0.2.7")["reason"] == "rule:eu"


def test_for_people_the_steps_come_first_and_then_the_result(tmp_path: Path) -> None:
    done = run("explain", example(tmp_path), *PATH, "--header", "x-user-id: user-1")
    assert (done.returncode, done.stderr) == (0, "")
    steps, _, result = done.stdout.partition("\n\n")
    assert "route fraud" in steps.splitlines()[0]
    assert "hash f613481826a9103a" in steps
    assert result.splitlines() == ["route    fraud", "key      user-1", "variant  fraud-3", "reason   split"]


def test_faults_of_the_file_are_printed(tmp_path: Path) -> None:
    file = example(tmp_path, EXAMPLE.replace("fraud-4: 5}", "fraud-5: 5}"))
    done = run("explain", file, *PATH)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{file}:13:26: ")
    done = run("explain", file, *PATH, "--json")
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout)["error"]["code"] == "invalid_config"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--path", "v1"), "'v1' is not a path"),
        (("--path", "/a b"), "'/a b' is not a path"),
        (("--path", "/a#b"), "'/a#b' is not a path"),
        (("--path", "/ä"), "'/ä' is not a path"),
        ((*PATH, "--method", "G T"), "'G T' is not a method"),
        ((*PATH, "--host", "a b"), "'a b' is not a host"),
        ((*PATH, "--header", "na me: x"), "'na me: x' is not a field"),
        ((*PATH, "--header", "name: x\ny: z"), "is not a field"),
    ],
)
def test_what_is_no_request_is_bad_usage(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    done = run("explain", example(tmp_path), *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_a_request_that_serving_refuses_is_refused_here(tmp_path: Path) -> None:
    assert explained(example(tmp_path), "--path", "/v1/../secret")["reason"] == "bad_request"
