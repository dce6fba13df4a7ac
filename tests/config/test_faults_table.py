"""Every kind of fault: its exact place, its path, and words that say what is wrong and what is allowed."""

from pathlib import Path

import pytest

from gateway.config.faults import ConfigError, Fault
from gateway.config.load import load
from tests.config.fault_cases import CASES, Case, completed, unmark


def faults_of(text: str) -> list[Fault]:
    """What loading the text is refused for."""
    with pytest.raises(ConfigError) as refused:
        load(text.encode(), name="gateway.yaml", folder=Path("/nonexistent"))
    return list(refused.value.faults)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text.replace("\n", "|"))
def test_each_fault_is_told_at_its_place(case: Case) -> None:
    text, places = unmark(completed(case.text))
    faults = faults_of(text)
    told = [(fault.line, fault.column, fault.path) for fault in faults]
    assert told == [(line, column, path) for (line, column), (path, _) in zip(places, case.faults, strict=True)]
    for fault, (_, words) in zip(faults, case.faults, strict=True):
        assert [word for word in words.split("|") if word not in fault.message] == [], fault.message


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text.replace("\n", "|"))
def test_no_fault_shows_a_secret(case: Case) -> None:
    text, _ = unmark(completed(case.text))
    shown = " ".join(fault.at("gateway.yaml") for fault in faults_of(text))
    assert "hunter2" not in shown
    assert "12345678" not in shown


def test_the_table_is_as_large_as_it_claims_to_be() -> None:
    """More than 200 different files, and no fault without words."""
    assert len({case.text for case in CASES}) > 200
    assert all(words for case in CASES for _, words in case.faults)


WHOLE_FILES = [
    ("", 1, 1, "(file)", "the file is empty; listen, variants and routes are required"),
    ("# only a comment\n", 1, 1, "(file)", "the file is empty"),
    ("---\n", 1, 1, "(file)", "the file is empty"),
    ("- a\n- b\n", 1, 1, "(file)", "a mapping of names such as listen, variants and routes is due"),
    ("just text\n", 1, 1, "(file)", "a mapping of names"),
    ("workers: 1\n---\nworkers: 1\n", 2, 1, "(file)", "a second document begins here"),
    ("\n\nworkers: [1,\n2", 3, 10, "(file)", "this list [ is not closed"),
    ("\n\nworkers: [1,\n", 4, 1, "(file)", "the file ends where a value is due; a list [ or a mapping { is not closed"),
    ("a: " + "[" * 70 + "]" * 70, 1, 67, "a" + "[0]" * 63, "nested more than 64 levels deep"),
    ("a: &a [*a]\n", 1, 8, "a[0]", "*a stands for nothing: no finished &a stands before it"),
]


@pytest.mark.parametrize(("text", "line", "column", "path", "words"), WHOLE_FILES)
def test_a_file_that_is_no_configuration_has_one_fault(
    text: str, line: int, column: int, path: str, words: str
) -> None:
    (fault,) = faults_of(text)
    assert (fault.line, fault.column, fault.path) == (line, column, path)
    assert words in fault.message


def test_missing_sections_are_all_told_at_the_first_line() -> None:
    faults = faults_of("workers: 1\n")
    assert [(fault.line, fault.column, fault.path) for fault in faults] == [
        (1, 1, "listen"),
        (1, 1, "routes"),
        (1, 1, "variants"),
    ]


def test_a_fault_reads_as_the_contract_says() -> None:
    (fault,) = faults_of(completed("workers: many"))
    told = 'gateway.yaml:1:10: workers: auto, or a whole number from 1 to 256, is due, not "many"'
    assert str(fault.at("gateway.yaml")) == told


def test_what_a_reference_stands_for_is_in_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where its value is bad, whatever checks it."""
    monkeypatch.setenv("SECRET", "hunter2(")
    text = """
listen: ["${env:SECRET}"]
workers: ${env:SECRET}
trusted_proxies: ["${env:SECRET}"]
store: ${env:SECRET}
limits: {body: "${env:SECRET}", drain: "${env:SECRET}"}
access_log: {sample: "${env:SECRET}"}
notify: [{url: "${env:SECRET}", when: ["${env:SECRET}"]}]
admin: {listen: "${env:SECRET}", tokens: [{name: "${env:SECRET}", role: "${env:SECRET}", token: "${env:SECRET} "}]}
variants:
  a:
    endpoints: ["${env:SECRET}", "http://${env:SECRET}@x"]
    path: ${env:SECRET}
    tls: {ca: "x/${env:SECRET}"}
    headers: {set: {x: "${env:SECRET}\\n"}, remove: ["${env:SECRET}"]}
    retry: {when: ["${env:SECRET}"]}
    breaker: {mode: "${env:SECRET}", slow_after: "${env:SECRET}", error_statuses: ["${env:SECRET}"]}
segments:
  s: {header: x, matches: "${env:SECRET}"}
  t: {json: "${env:SECRET}", eq: 1}
  u: {header: x, semver: "${env:SECRET}"}
  v: {client: ip, cidr: "${env:SECRET}"}
  w: {client: ip, in: ["${env:SECRET}"]}
  x: {method: "${env:SECRET}"}
routes:
  r:
    match: {path: "${env:SECRET}", methods: ["${env:SECRET}"], host: "${env:SECRET}"}
    rules: [{segment: "${env:SECRET}", split: {a: 1}}]
    split: {a: 1}
    fallback: {variants: ["${env:SECRET}"], when: ["${env:SECRET}"]}
    shadow: [{variant: "${env:SECRET}", compare: {ignore: ["${env:SECRET}"]}}]
"""
    faults = faults_of(text)
    assert len(faults) > 30
    assert "hunter2" not in " ".join(map(str, faults)) + repr(faults)
