"""What a configuration file may be made of, before YAML."""

from pathlib import Path

import pytest

from gateway.config import source
from gateway.config.faults import ConfigError, Fault


def fault_of(data: bytes) -> Fault:
    """The one fault of the bytes."""
    with pytest.raises(ConfigError) as refused:
        source.decode(data)
    (fault,) = refused.value.faults
    return fault


@pytest.mark.parametrize(
    ("data", "line", "column", "words"),
    [
        (b"a: \xff", 1, 4, "byte 0xff is not UTF-8"),
        (b"a: 1\nb: caf\xe9\n", 2, 7, "byte 0xe9 is not UTF-8"),
        ("ä: ".encode() + b"\xc3", 1, 4, "byte 0xc3 is not UTF-8"),
        (b"\xef\xbb\xbfa: \xff", 1, 4, "not UTF-8"),
        (b"\xff\xfea\0:\0", 1, 1, "this is UTF-16"),
        (b"\xfe\xff\0a", 1, 1, "this is UTF-16"),
        (b"a: \x00", 1, 4, "U+0000"),
        (b"a: 1\r\nb: \x07", 2, 4, "U+0007"),
        ("a: b\u2028c".encode(), 1, 5, "U+2028"),
        ("a: b\x85c".encode(), 1, 5, "U+0085"),
        ("a: \ufeff".encode(), 1, 4, "U+FEFF"),
        (b"a" * (source.MAX_BYTES + 1), 1, 1, "larger than 4 MiB"),
    ],
)
def test_bytes_that_are_no_text_are_told_at_their_place(data: bytes, line: int, column: int, words: str) -> None:
    fault = fault_of(data)
    assert (fault.line, fault.column) == (line, column)
    assert words in fault.message


def test_a_byte_order_mark_is_passed_over() -> None:
    assert source.decode(b"\xef\xbb\xbfa: 1") == "a: 1"


def test_tabs_line_ends_and_all_scripts_are_text() -> None:
    text = "a: 'x\ty'\r\nb: ñ 日本 😀\n"
    assert source.decode(text.encode()) == text


def test_ten_megabytes_are_refused_without_being_read(tmp_path: Path) -> None:
    """Not more than the bound is taken from the disk."""
    file = tmp_path / "large.yaml"
    file.write_bytes(b"#" * (10 << 20))
    assert len(source.read(file)) == source.MAX_BYTES + 1


@pytest.mark.parametrize(("name", "words"), [("none.yaml", "No such file or directory"), ("", "Is a directory")])
def test_a_file_that_cannot_be_read_is_one_fault(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        source.read(tmp_path / name)
    (fault,) = refused.value.faults
    assert fault.path == "(file)"
    assert fault.message == f"cannot be read: {words}"
