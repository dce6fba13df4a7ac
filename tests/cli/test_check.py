"""`gateway check`: where faults and warnings go, in both forms."""

import json
from pathlib import Path

import pytest

from tests.support.command import EXAMPLE, example, run, spawn

FAULTY = EXAMPLE.replace("split: {fraud-3: 95, fraud-4: 5}", "split: {fraud-3: 95, fraud-5: 5}").replace("8001", "x")
WARNED = EXAMPLE + "  other: {match: {path: /other}, targeting_key: [{client: ip}], split: {fraud-3: 1}}\n"


def test_a_good_file_is_counted(tmp_path: Path) -> None:
    file = example(tmp_path)
    done = run("check", file)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{file}: ok, 1 route, 2 variants\n", "")


def test_every_fault_is_a_line_on_standard_error(tmp_path: Path) -> None:
    file = example(tmp_path, FAULTY)
    done = run("check", file)
    assert (done.returncode, done.stdout) == (1, "")
    first, second = done.stderr.splitlines()
    assert first.startswith(f"{file}:4:25: variants.fraud-4.endpoints[0]: ")
    assert second.startswith(f"{file}:13:26: routes.fraud.split.fraud-5: ")


def test_faults_as_json(tmp_path: Path) -> None:
    """The shape that the admin API gives them too."""
    done = run("check", example(tmp_path, FAULTY), "--json")
    assert (done.returncode, done.stderr) == (1, "")
    error = json.loads(done.stdout)["error"]
    assert (error["code"], error["message"]) == ("invalid_config", "2 faults")
    assert [set(fault) for fault in error["faults"]] == [{"line", "column", "path", "message"}] * 2
    assert [(fault["line"], fault["column"], fault["path"]) for fault in error["faults"]] == [
        (4, 25, "variants.fraud-4.endpoints[0]"),
        (13, 26, "routes.fraud.split.fraud-5"),
    ]


def test_one_fault_is_not_called_faults(tmp_path: Path) -> None:
    done = run("check", example(tmp_path, EXAMPLE.replace("fraud-4: 5}", "fraud-5: 5}")), "--json")
    assert json.loads(done.stdout)["error"]["message"] == "1 fault"


def test_a_warning_is_said_and_does_not_fail(tmp_path: Path) -> None:
    file = example(tmp_path, WARNED)
    done = run("check", file)
    assert (done.returncode, done.stdout) == (0, f"{file}: ok, 2 routes, 2 variants, 1 warning\n")
    assert done.stderr.startswith(f"{file}:14:")
    assert "routes.other.targeting_key[0]" in done.stderr


def test_a_good_file_as_json(tmp_path: Path) -> None:
    done = run("check", example(tmp_path, WARNED), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    summary = json.loads(done.stdout)
    [warning] = summary.pop("warnings")
    assert warning["path"] == "routes.other.targeting_key[0]"
    assert summary == {"ok": True, "routes": ["fraud", "other"], "variants": ["fraud-3", "fraud-4"]}


@pytest.mark.parametrize("name", ["no/such/file.yaml", "."])
def test_a_file_that_cannot_be_read_is_a_fault(name: str) -> None:
    done = run("check", name)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{name}:1:1: (file): cannot be read: ")


def test_standard_input_can_be_checked() -> None:
    """For files that another program makes."""
    done = spawn("check", "/dev/stdin", stdin=EXAMPLE)
    assert (done.returncode, done.stdout) == (0, "/dev/stdin: ok, 1 route, 2 variants\n")


def test_a_file_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """Escape sequences in a key reach nobody's screen."""
    done = run("check", example(tmp_path, EXAMPLE + '"\\e]0;title\\a": 1\n'))
    assert done.returncode == 1
    assert not {"\x1b", "\x07"} & set(done.stderr)


def test_a_secret_in_a_faulty_file_is_not_printed(tmp_path: Path) -> None:
    text = EXAMPLE + 'admin: {tokens: [{name: ci, role: admin, token: "hunter2-hunter2"}]}\n'
    done = run("check", example(tmp_path, text), "--json")
    assert done.returncode == 1
    assert "hunter2" not in done.stdout + done.stderr
