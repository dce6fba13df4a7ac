"""Conditions as written, and what they mean to the model; each is one the core can compile."""

from pathlib import Path

import pytest

from gateway.config.load import load
from gateway.core.conditions import compile_condition
from gateway.core.model import All, AnyOf, Condition, Not, Operand, Operator, Share, Source, SourceKind
from gateway.core.model import Test as Comparison
from tests.config.fault_cases import completed, segment


def meant(written: str) -> Condition:
    """The condition of the only segment."""
    return load(completed(segment(written)).encode(), name="x", folder=Path("/")).snapshot.segments["s"]


def comparison(kind: SourceKind, name: str, operator: Operator, operand: Operand) -> Comparison:
    """One value compared."""
    return Comparison(Source(kind, name), operator, operand)


TABLE: list[tuple[str, Condition]] = [
    ("{header: X-Tier, eq: gold}", comparison("header", "X-Tier", "eq", "gold")),
    ("{header: x, in: [gold, platinum]}", comparison("header", "x", "in", ("gold", "platinum"))),
    ("{query: q q, not_in: [a]}", comparison("query", "q q", "not_in", ("a",))),
    ("{cookie: c, exists: false}", comparison("cookie", "c", "exists", False)),
    ("{cookie: c, matches: '^a+$'}", comparison("cookie", "c", "matches", "^a+$")),
    ("{header: n, gt: 5}", comparison("header", "n", "gt", 5)),
    ("{header: n, lte: -2.5}", comparison("header", "n", "lte", -2.5)),
    ("{header: v, semver: '>=2.1,<3'}", comparison("header", "v", "semver", ">=2.1,<3")),
    ("{client: ip, cidr: 10.0.0.0/8}", comparison("client", "ip", "cidr", ("10.0.0.0/8",))),
    ("{client: ip, cidr: [10.1.1.1, 'FD00::/8']}", comparison("client", "ip", "cidr", ("10.1.1.1/32", "fd00::/8"))),
    ("{client: ip, eq: '::01'}", comparison("client", "ip", "eq", "::1")),
    ("{client: ip, in: [10.0.0.1]}", comparison("client", "ip", "in", ("10.0.0.1",))),
    ("{header: x-real-ip, cidr: 10.0.0.0/8}", comparison("header", "x-real-ip", "cidr", ("10.0.0.0/8",))),
    ("{json: $.user.id, eq: 5}", comparison("json", "$.user.id", "eq", 5)),
    ("{json: \"$['a b'][0]\", eq: '5'}", comparison("json", "$['a b'][0]", "eq", "5")),
    ("{json: $.a, eq: true}", comparison("json", "$.a", "eq", True)),
    ("{json: $.a, eq: null}", comparison("json", "$.a", "eq", None)),
    ("{json: $.a, eq: 3.10}", comparison("json", "$.a", "eq", 3.1)),
    ("{json: $.a, in: [1, x, null, false]}", comparison("json", "$.a", "in", (1, "x", None, False))),
    ("{json: $.a, gte: 1}", comparison("json", "$.a", "gte", 1)),
    ("{method: POST}", comparison("method", "", "eq", "POST")),
    ("{method: [GET, HEAD]}", comparison("method", "", "in", ("GET", "HEAD"))),
    ("{method: {not_in: [GET]}}", comparison("method", "", "not_in", ("GET",))),
    ("{path: /v1/x}", comparison("path", "", "eq", "/v1/x")),
    ("{path: [/a, /b]}", comparison("path", "", "in", ("/a", "/b"))),
    ("{path: {matches: '^/v1/'}}", comparison("path", "", "matches", "^/v1/")),
    ("{share: 10%}", Share(0.1)),
    ("{not: {share: 0.5%}}", Not(Share(0.005))),
    (
        "{all: [{method: PUT}, {any: [{share: 1%}, {not: {path: /x}}]}]}",
        All(
            (
                comparison("method", "", "eq", "PUT"),
                AnyOf((Share(0.01), Not(comparison("path", "", "eq", "/x")))),
            )
        ),
    ),
    ("{header: on, eq: no}", comparison("header", "on", "eq", "no")),
]


@pytest.mark.parametrize(("written", "condition"), TABLE, ids=[written for written, _ in TABLE])
def test_what_a_condition_means(written: str, condition: Condition) -> None:
    assert meant(written) == condition
    compile_condition(condition, "s")


def test_what_a_reference_stands_for_is_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers must not need a class of this layer to read a snapshot."""
    monkeypatch.setenv("TIER", "gold")
    condition = meant("{all: [{header: x, in: ['${env:TIER}']}, {json: $.a, eq: '${env:TIER}'}]}")
    assert isinstance(condition, All)
    operands = [part.operand for part in condition.conditions if isinstance(part, Comparison)]
    assert operands == [("gold",), "gold"]
    assert [type(operands[0][0]), type(operands[1])] == [str, str]  # type: ignore[index]
