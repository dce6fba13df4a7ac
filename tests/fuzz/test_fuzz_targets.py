"""Every target with all that is kept for it, among it each input that ever found a fault, and a short search.

`make fuzz` searches for as long as it is told to.
"""

from collections.abc import Iterator

import pytest

from tests.fuzz import admin
from tests.fuzz.kept import FOLDER, kept
from tests.fuzz.run import inputs, searched, tried
from tests.fuzz.targets import TARGETS, WORDS, Target

SECONDS = 0.5
KEPT = [(target, name) for target in TARGETS for name in kept(target)]


@pytest.fixture(scope="module")
def asked() -> Iterator[Target]:
    with admin.admin() as target:
        yield target


@pytest.mark.parametrize(("target", "name"), KEPT, ids=[f"{target}-{name}" for target, name in KEPT])
def test_what_is_kept_finds_nothing(target: str, name: str) -> None:
    assert tried(TARGETS[target], kept(target)[name]) is None


@pytest.mark.parametrize("target", TARGETS)
def test_a_short_search_finds_nothing(target: str) -> None:
    corpus = list(kept(target).values())
    number, found = searched(TARGETS[target], inputs(7, corpus, WORDS[target]), seconds=SECONDS, most=2_000)
    assert found is None
    assert number > 0


def test_the_admin_api_stands_it(asked: Target) -> None:
    """Everything that is kept for it, and a short search."""
    corpus = list(kept("admin").values())
    assert [found for data in corpus if (found := tried(asked, data))] == []
    assert searched(asked, inputs(7, corpus, admin.WORDS), seconds=SECONDS, most=500)[1] is None


def test_a_fault_is_found() -> None:
    """A target that cannot stand a word of its corpus is told of, with the input."""

    def target(data: bytes) -> None:
        if b"hello\r\n" in data:
            raise ValueError("it was there")

    _, found = searched(target, inputs(1, [b"5\r\nhello\r\n"], [b"x"]), seconds=60, most=1_000)
    assert found is not None
    assert found.error == "ValueError: it was there"


def test_the_corpus_is_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) < 200 << 10
