"""`gateway compare`: replies in files, and pairs that a shadow recorded."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.core.copies import Asked, Observation
from gateway.core.pair_document import document
from gateway.core.tally import Mismatch
from tests.support.command import EXAMPLE, example, run

RULES = (
    EXAMPLE
    + """\
    shadow:
    - variant: fraud-4
      compare: {ignore: [$.id], numbers: {rel: 0.1}}
  chat:
    match: {path: /v1/chat}
    protocol: openai
    split: {fraud-3: 1}
    shadow: [{variant: fraud-4}, {variant: fraud-3, compare: {ignore: [$]}}]
  plain:
    match: {path: /v1/plain}
    split: {fraud-3: 1}
"""
)


def files(folder: Path, live: Any, shadow: Any) -> tuple[Path, Path]:
    made = []
    for name, body in {"live": live, "shadow": shadow}.items():
        made.append(folder / name)
        made[-1].write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
    return made[0], made[1]


def pair(number: int, live: Observation, shadow: Observation) -> Mismatch:
    return Mismatch(
        request_id=f"request-{number}",
        time=0.0,
        live_variant="fraud-3",
        live_version="3",
        shadow_variant="fraud-4",
        shadow_version="4",
        revision=1,
        serial=1,
        asked=Asked(b"POST", b"/v1/fraud", b"", (), b"{}", f"request-{number}"),
        live=live,
        shadow=shadow,
        differences=(),
    )


def observed(body: Any, status: int = 200, *fields: tuple[bytes, bytes]) -> Observation:
    return Observation(status, fields, body if isinstance(body, bytes) else json.dumps(body).encode(), 0.01)


def recorded(folder: Path, *pairs: Mismatch) -> Path:
    """As a shadow's `record` has them."""
    file = folder / "pairs.jsonl"
    lines = ({"route": "fraud", "outcome": "matched", "why": "", **document(each)} for each in pairs)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def test_equal_replies(tmp_path: Path) -> None:
    done = run("compare", *files(tmp_path, {"a": 1, "b": [1.0]}, {"b": [1], "a": 1}))
    assert (done.returncode, done.stdout, done.stderr) == (0, "matched\n", "")


def test_differences_are_a_line_each(tmp_path: Path) -> None:
    done = run("compare", *files(tmp_path, {"a": 1, "list": [1, 2]}, {"list": [2, 1], "é": None}))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        "mismatched: 3 differences",
        "  $.a     missing  1  ->  (absent)",
        "  $.list  order    [1,2]  ->  [2,1]",
        '  $["é"]  extra    (absent)  ->  null',
    ]


def test_one_difference_is_not_called_differences(tmp_path: Path) -> None:
    done = run("compare", *files(tmp_path, b"some text", b"some tent"))
    assert done.stdout.splitlines() == ["mismatched: 1 difference", '  body  value  "some text"  ->  "some tent"']


def test_of_many_differences_the_first_are_shown(tmp_path: Path) -> None:
    done = run("compare", *files(tmp_path, [1] * 500, [2] * 500))
    assert done.stdout.splitlines()[0] == "mismatched: the first 100 differences"
    assert len(done.stdout.splitlines()) == 101


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    done = run("compare", *files(tmp_path, b"[" * 2000, b"[]"))
    assert (done.returncode, done.stdout) == (1, "ignored: too_deep\n")


def test_as_json(tmp_path: Path) -> None:
    done = run("compare", *files(tmp_path, {"a": "\ud800"}, {"a": 1}), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "outcome": "mismatched",
        "why": "",
        "differences": [{"path": "$.a", "kind": "type", "live": '"\\ud800"', "shadow": "1"}],
    }


def test_rules_of_a_route(tmp_path: Path) -> None:
    pair = files(tmp_path, {"id": 1, "score": 1.0}, {"id": 2, "score": 1.05})
    assert run("compare", *pair).returncode == 1
    done = run("compare", *pair, "--rules", example(tmp_path, RULES), "--route", "fraud")
    assert (done.returncode, done.stdout) == (0, "matched\n")


def test_one_of_several_shadows(tmp_path: Path) -> None:
    rules = ("--rules", example(tmp_path, RULES), "--route", "chat")
    pair = files(tmp_path, {"a": 1}, {"a": 2})
    assert run("compare", *pair, *rules, "--shadow", "fraud-4").returncode == 1
    assert run("compare", *pair, *rules, "--shadow", "fraud-3").returncode == 0


def test_streams_of_an_openai_route_are_put_together(tmp_path: Path) -> None:
    def stream(*texts: str) -> bytes:
        events = ({"choices": [{"index": 0, "delta": {"content": text}}]} for text in texts)
        return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)

    rules = ("--rules", example(tmp_path, RULES), "--route", "chat", "--shadow", "fraud-4")
    assert run("compare", *files(tmp_path, stream("a", "bc"), stream("ab", "c")), *rules).returncode == 0
    done = run("compare", *files(tmp_path, stream("a"), stream("b")), *rules)
    assert done.stdout.splitlines()[1] == '  $.choices[0].message.content  value  "a"  ->  "b"'


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--route", "fraud"), "--route and --shadow are of the file that --rules names"),
        (("--shadow", "fraud-4"), "--route and --shadow are of the file that --rules names"),
        (("--rules",), "--rules needs --route"),
        (("--rules", "--route", "frau"), "defines no route 'frau'; it defines: fraud, chat, plain"),
        (("--rules", "--route", "plain"), "route 'plain' has no shadow; it has: none"),
        (("--rules", "--route", "chat"), "name one with --shadow: fraud-4, fraud-3"),
        (("--rules", "--route", "fraud", "--shadow", "x"), "route 'fraud' has no shadow 'x'; it has: fraud-4"),
    ],
)
def test_bad_usage(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    file = str(example(tmp_path, RULES))
    given = [part for each in options for part in ((each, file) if each == "--rules" else (each,))]
    done = run("compare", *files(tmp_path, 1, 2), *given)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in " ".join(done.stderr.split())


def test_faults_of_the_rules_are_printed(tmp_path: Path) -> None:
    rules = example(tmp_path, RULES.replace("$.id", "id"))
    done = run("compare", *files(tmp_path, 1, 1), "--rules", rules, "--route", "fraud")
    assert done.returncode == 1
    assert "routes.fraud.shadow[0].compare.ignore[0]" in done.stderr


@pytest.mark.parametrize("missing", ["live", "shadow"])
def test_a_file_that_is_not_there(tmp_path: Path, missing: str) -> None:
    both = files(tmp_path, 1, 1)
    (tmp_path / missing).unlink()
    done = run("compare", *both)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"gateway: cannot read {tmp_path / missing}: No such file or directory\n"


# ---- recorded pairs


def test_recorded_pairs(tmp_path: Path) -> None:
    zipped = (b"Content-Encoding", b"gzip")
    file = recorded(
        tmp_path,
        pair(1, observed({"a": [1]}), observed({"a": [1.0]})),
        pair(2, observed({"a": [1, 2]}), observed({"a": [1, 3]})),
        pair(3, observed({"a": [1]}), observed({"a": [2]}, 201)),
        pair(4, observed({"a": [1, 1]}), observed({"a": [2, 2]})),
        pair(5, observed(gzip.compress(b'{"a": 1}'), 200, zipped), observed({"a": 1})),
        pair(6, observed(b"\xff\xfe"), observed(b"\xff\xfe")),
        pair(7, observed({}, 200, (b"content-encoding", b"br")), observed(b"\xff", 200, (b"content-encoding", b"br"))),
    )
    done = run("compare", file)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        "7 pairs: 3 matched, 3 mismatched, 1 ignored",
        "  ignored: coding (1)",
        "  path    kind   pairs",
        "  $.a[*]  value  2",
        "  status  value  1",
        "",
        "request-2: mismatched: 1 difference",
        "  $.a[1]  value  2  ->  3",
        "",
        "request-3: mismatched: 1 difference",
        "  status  value  200  ->  201",
        "",
        "request-4: mismatched: 2 differences",
        "  $.a[0]  value  1  ->  2",
        "  $.a[1]  value  1  ->  2",
    ]


def test_recorded_pairs_that_all_match(tmp_path: Path) -> None:
    file = recorded(tmp_path, pair(1, observed({"id": 1}), observed({"id": 2})))
    assert run("compare", file).returncode == 1
    done = run("compare", file, "--rules", example(tmp_path, RULES), "--route", "fraud")
    assert (done.returncode, done.stdout) == (0, "1 pair: 1 matched\n")


def test_recorded_pairs_as_json(tmp_path: Path) -> None:
    file = recorded(tmp_path, pair(1, observed([1]), observed([2])), pair(2, observed([1]), observed([1])))
    done = run("compare", file, "--json")
    assert json.loads(done.stdout) == {
        "pairs": 2,
        "matched": 1,
        "mismatched": 1,
        "ignored": 0,
        "reasons": {},
        "paths": [{"path": "$[*]", "kind": "value", "mismatched": 1}],
        "items": [
            {
                "request_id": "request-1",
                "outcome": "mismatched",
                "why": "",
                "differences": [{"path": "$[0]", "kind": "value", "live": "1", "shadow": "2"}],
            }
        ],
    }


@pytest.mark.parametrize("indent", [None, 2])
def test_an_answer_of_the_admin_api_holds_pairs_too(tmp_path: Path, indent: int | None) -> None:
    """`GET routes/R/shadows/V/mismatches`, as it comes or made readable."""
    items = [document(pair(number, observed([number]), observed([1]))) for number in (1, 2)]
    file = tmp_path / "mismatches.json"
    file.write_text(json.dumps({"items": items, "next": None}, indent=indent))
    assert run("compare", file).stdout.splitlines()[0] == "2 pairs: 1 matched, 1 mismatched"


def test_no_pairs_at_all(tmp_path: Path) -> None:
    assert run("compare", recorded(tmp_path)).stdout == "0 pairs: none\n"


GOOD = {"request_id": "1", "live": {"status": 200, "headers": [], "body": "{}", "body_base64": None}}


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        "7",
        "[]",
        "null",
        "{}",
        json.dumps(GOOD),
        json.dumps({**GOOD, "shadow": {"status": 200, "headers": [], "body": None, "body_base64": "?"}}),
        json.dumps({**GOOD, "shadow": {"status": "x", "headers": [], "body": "{}"}}),
        json.dumps({**GOOD, "shadow": {"status": 200, "headers": [["a"]], "body": "{}"}}),
        json.dumps({**GOOD, "shadow": {"status": 200, "headers": [["\u2028", "a"]], "body": "{}"}}),
        json.dumps({**GOOD, "shadow": {"status": 200, "headers": 5, "body": "{}"}}),
        json.dumps({**GOOD, "shadow": {"status": 200, "headers": [], "body": 7}}),
        "[" * 100_000,
    ],
)
@pytest.mark.parametrize("before", [0, 2])
def test_a_line_that_holds_no_pair_is_named(tmp_path: Path, line: str, before: int) -> None:
    file = recorded(tmp_path, *(pair(number, observed([1]), observed([1])) for number in range(before)))
    with file.open("a") as stream:
        stream.write(line + "\n")
    done = run("compare", file)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"gateway: {file}:{before + 1}: not a recorded pair: ")


def test_blank_lines_are_passed_over(tmp_path: Path) -> None:
    file = recorded(tmp_path, pair(1, observed([1]), observed([1])))
    file.write_text("\n" + file.read_text() + "\n\n")
    assert run("compare", file).stdout == "1 pair: 1 matched\n"
