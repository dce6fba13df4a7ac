"""`${env:NAME}` and `${file:PATH}`."""

import os
from pathlib import Path

import pytest

from gateway.config.references import MAX_BYTES, Substituted, holds_reference, mask, substitute


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Holds files to refer to; the environment has NAME and EMPTY."""
    monkeypatch.setenv("NAME", "value")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("NESTED", "${env:NAME}")
    (tmp_path / "secret").write_text("from file\n")
    (tmp_path / "windows").write_bytes(b"from file\r\n")
    (tmp_path / "lines").write_text("one\ntwo\n\n")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("${env:NAME}", "value"),
        ("Bearer ${env:NAME}!", "Bearer value!"),
        ("${env:NAME}${env:NAME}", "valuevalue"),
        ("${env:EMPTY}", ""),
        ("${file:secret}", "from file"),
        ("${file:windows}", "from file"),
        ("${file:lines}", "one\ntwo\n"),
        ("$${env:NAME}", "${env:NAME}"),
        ("${env:NESTED}", "${env:NAME}"),
        ("${HOME} $5 ${other:x} ${", "${HOME} $5 ${other:x} ${"),
    ],
)
def test_what_a_text_stands_for(folder: Path, text: str, value: str) -> None:
    assert substitute(text, folder) == value


def test_an_absolute_path_stays_one(folder: Path) -> None:
    assert substitute(f"${{file:{folder}/secret}}", Path("/elsewhere")) == "from file"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("${env:UNSET_NAME}", "the environment variable UNSET_NAME is not set"),
        ("${env:}", "names no environment variable"),
        ("${env:A=B}", "names no environment variable"),
        ("${file:}", "names no file"),
        ("${file:missing}", "cannot be read: No such file or directory"),
        ("${file:.}", "is not a file"),
        ("${file:binary}", "is not UTF-8"),
        ("${file:large}", "is larger than 64 KiB"),
        ("${file:pipe}", "is not a file"),
        ("${env:NAME}" * 101, "more than 100 references in one value"),
    ],
)
def test_a_reference_to_nothing_is_an_error(folder: Path, text: str, words: str) -> None:
    (folder / "binary").write_bytes(b"\xff\xfe")
    (folder / "large").write_bytes(b"x" * (MAX_BYTES + 1))
    os.mkfifo(folder / "pipe")
    with pytest.raises(ValueError, match=words):
        substitute(text, folder)


def test_what_was_replaced_remembers_how_it_was_written(folder: Path) -> None:
    replaced = substitute("Bearer ${env:NAME}", folder)
    assert isinstance(replaced, Substituted)
    assert replaced.written == "Bearer ${env:NAME}"
    assert not isinstance(substitute("$${env:NAME}", folder), Substituted)


def test_an_escaped_reference_is_none() -> None:
    assert [holds_reference(text) for text in ("${env:A}", "$${env:A}", "x", "$${env:A}${file:b}")] == [
        True,
        False,
        False,
        True,
    ]


def test_masking_leaves_what_is_literal() -> None:
    assert mask("a${env:X}b${file:y}", "*") == "a*b*"
