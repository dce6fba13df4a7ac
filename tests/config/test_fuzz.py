"""Whatever the bytes: a configuration, or a ConfigError with places inside the text, and soon."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.config.faults import ConfigError, Fault
from gateway.config.load import load
from tests.config.fault_cases import CASES, MARK, completed

FOLDER = Path("/nonexistent")
VALID = (Path(__file__).parent / "everything.yaml").read_text()
SIGNS = [
    "&a",
    "*a",
    "<<",
    ":",
    "-",
    ",",
    "[",
    "]",
    "{",
    "}",
    "?",
    "|",
    ">",
    "'",
    '"',
    "!",
    "!!str",
    "%",
    "@",
    "#",
    "\t",
    "---",
]
WORDS = sorted({*re.findall(r"[\w.$%/*-]+", VALID), *SIGNS})
OTHERS = ["null", "true", "-1", "3.5", ".nan", "[]", "{}", "[[x]]", "{a: 1}", "''", "'${env:CI_TOKEN}'"]
TABLE = [completed(case.text).replace(MARK, "") for case in CASES]


@pytest.fixture(autouse=True, scope="module")
def environment() -> None:
    """The references of the whole file stand for something."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CI_TOKEN", "hush")
        yield


def judged(data: bytes) -> None:
    """Loads the bytes; anything but a configuration or faults with sane places is an error of ours."""
    faults = faults_of(data)
    lines = len(re.split(b"\r\n|\r|\n", data))
    assert faults == sorted(faults)
    assert all(1 <= fault.line <= lines and fault.column >= 1 for fault in faults)
    assert all(fault.path and fault.message and fault.at("x").isprintable() for fault in faults)


def faults_of(data: bytes) -> list[Fault]:
    """What the bytes are refused for; nothing for a configuration."""
    try:
        load(data, name="x", folder=FOLDER)
    except ConfigError as error:
        return list(error.faults) or [Fault(0, 0, "", "refused without a fault")]
    return []


@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"a: \xc3")
def test_any_bytes(data: bytes) -> None:
    judged(data)


@given(st.text(max_size=300))
@example("a: \x85b")
@example("\ufeff\ufeff")
@example("a: &a\n  <<: *a")
def test_any_text(text: str) -> None:
    judged(text.encode("utf-8", "surrogatepass"))


@given(st.lists(st.sampled_from(WORDS), max_size=60), st.sampled_from(["", " ", "\n", ": ", "\n  "]))
def test_any_words_of_the_language(words: list[str], between: str) -> None:
    judged(between.join(words).encode())


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_whole_file_with_something_changed(data: st.DataObject) -> None:
    """Characters and words removed, repeated or replaced, anywhere in a valid file that sets every key."""
    text = VALID
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.sampled_from([0, 1, 2, 5, 20])))
        text = text[:start] + data.draw(st.sampled_from(WORDS) | st.text(max_size=3)) + text[end:]
    judged(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=200)
@given(st.data())
def test_a_whole_file_with_a_value_of_another_kind(data: st.DataObject) -> None:
    """One plain value replaced by one of another type."""
    places = [found.span(1) for found in re.finditer(r"[:,\[] ([\w.$%/-]+)(?=[,}\]\n])", VALID)]
    start, end = data.draw(st.sampled_from(places))
    other = data.draw(
        st.sampled_from(["null", "true", "-1", "3.5", ".nan", "[]", "{}", "[[x]]", "{a: 1}", "''", "'${env:CI_TOKEN}'"])
    )
    judged((VALID[:start] + other + VALID[end:]).encode())


@settings(max_examples=150)
@given(st.sampled_from(TABLE), st.sampled_from(TABLE))
def test_faulty_files_joined(one: str, other: str) -> None:
    judged((one + other).encode())
