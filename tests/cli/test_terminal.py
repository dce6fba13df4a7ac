"""How the command speaks, without a command."""

import io

import pytest

from gateway.cli import terminal


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "expected"),
    [
        (Screen(), {}, True),
        (Screen(), {"NO_COLOR": "1"}, False),
        (Screen(), {"NO_COLOR": ""}, True),
        (Screen(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_are_for_terminals_whose_owner_wants_them(
    stream: io.StringIO, environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert terminal.coloured(stream) is expected


def test_control_characters_are_spelled_out() -> None:
    """A configuration file cannot steer the terminal of whoever checks it."""
    assert terminal.plain("a\x1b[31mb\r\tc\nd\x9b") == "a\\x1b[31mb\\x0d\tc\nd\\x9b"


def test_long_lines_are_not_folded(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault stays one line, whatever the width of the terminal, so that editors can read it."""
    monkeypatch.setenv("COLUMNS", "20")
    terminal.message("gateway.yaml:1:1: " + "word " * 50)
    assert capsys.readouterr().err.count("\n") == 1


def test_what_looks_like_markup_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.result("[red]not red[/red] :smile:")
    assert capsys.readouterr().out == "[red]not red[/red] :smile:\n"
