"""The reference of the admin API against its table of calls, its models and its errors."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from gateway.admin import answers, reading, shadow_answers, streams, strikes
from gateway.admin.calls import PREFIX, YAML_TYPES, AnyCall
from gateway.admin.refusals import STATUS
from gateway.admin.requests import MAX_JSON, MAX_WORDS
from gateway.admin.table import CALLS
from tests.admin.test_access import each_call

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def rows(first: str) -> Iterator[list[str]]:
    """The cells of the table whose head begins so."""
    table = PAGE.partition(f"\n| {first} |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


DESCRIBED = {cells[0].strip("`"): cells for cells in rows("call")}
SHAPES = {cells[0]: cells[1] for cells in rows("shape")}


def test_every_call_is_described_with_its_role_and_no_other_is() -> None:
    assert {name: cells[1] for name, cells in DESCRIBED.items()} == {
        f"{call.method} {call.path}": call.role for call in CALLS
    }


@each_call
def test_all_that_a_call_takes_is_described(call: AnyCall) -> None:
    takes = DESCRIBED[f"{call.method} {call.path}"][2]
    named = set(re.findall(r"`\??([\w-]+)`", takes)) - {"set", "keep"}
    fields = set(call.body.model_fields) if issubclass(call.body, BaseModel) else set()
    assert named == {*call.query.model_fields, *fields, *call.headers}
    assert ("a configuration" in takes) == (call.body is bytes)
    for name, field in call.query.model_fields.items():
        if isinstance(field.default, int):
            assert f"`?{name}` ({field.default})" in takes


@pytest.mark.parametrize(
    ("shape", "model"),
    [
        ("revision", answers.Revision),
        ("override", answers.Override),
        ("status, `file`", answers.File),
        ("status, each of `routes`", answers.Route),
        ("status, each of `variants`", answers.Variant),
        ("status, each of `variants`", answers.Endpoint),
        ("status, each of `workers`", answers.Worker),
        ("event", answers.Event),
        ("shadow", shadow_answers.ShadowReport),
        ("shadow", shadow_answers.Excess),
        ("shadow, `cells`", shadow_answers.Cells),
        ("shadow, each of `paths`", shadow_answers.Row),
        ("mismatch", shadow_answers.Mismatch),
        ("mismatch, `request`", shadow_answers.KeptRequest),
        ("mismatch, `live` and `shadow`", shadow_answers.KeptReply),
        ("mismatch, each of `differences`", shadow_answers.Difference),
        ("fault, warning", answers.Fault),
    ],
)
def test_every_field_of_an_answer_is_described(shape: str, model: type[BaseModel]) -> None:
    assert {name for name in model.model_fields if f"`{name}`" not in SHAPES[shape]} == set()


@pytest.mark.parametrize(
    ("call", "model"),
    [("GET /status", answers.Status), ("POST /config/plan", answers.Plan), ("POST /config/check", answers.Checked)],
)
def test_every_field_of_a_whole_answer_is_described(call: str, model: type[BaseModel]) -> None:
    assert {name for name in model.model_fields if f"`{name}`" not in DESCRIBED[call][3]} == set()


def test_every_error_is_described_with_its_status_and_no_other_is() -> None:
    assert {cells[0].strip("`"): int(cells[1]) for cells in rows("error")} == STATUS


def test_every_path_in_an_example_is_one() -> None:
    patterns = [re.sub(r"{\w+}", r"[\\w-]+", call.path) for call in CALLS]
    used = re.findall(rf"9090{PREFIX}([\w/-]+)", PAGE)
    assert len(used) > 5
    assert [path for path in used if not any(re.fullmatch(pattern, path) for pattern in patterns)] == []


def test_the_bounds_are_as_described() -> None:
    for text in (
        f"at most {reading.MAX_CONFIG >> 20} MiB",
        f"at most {MAX_JSON >> 10} KiB",
        f"within {reading.WITHIN:g} seconds",
        f"at most {MAX_WORDS} characters",
        f"each {streams.BEAT:g} seconds",
        f"room for {streams.PATIENCE:g} seconds",
        f"{streams.MOST} streams",
    ):
        assert text in re.sub(r"\s+", " ", PAGE), text
    assert (strikes.ALLOWED, strikes.PERIOD) == (10, 60)
    for kind in YAML_TYPES[:3]:
        assert f"`{kind}`" in PAGE
