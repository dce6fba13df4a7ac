"""The command's frame: which commands there are, and how each one ends.

A command's module is imported only when it is asked for, so that `gateway --help` does not wait for libraries it
does not need. No command ends in a traceback because of what it was given: exit codes are 0 done, 1 refused or
failed, 2 bad usage, 130 interrupted.
"""

import os
import sys
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from typing import NoReturn

import click
from click.shell_completion import CompletionItem

from gateway import __version__
from gateway.cli import terminal
from gateway.errors import GatewayError

COMMANDS = {
    "serve": "Start the gateway.",
    "check": "Check a configuration file.",
    "explain": "Say which variant would answer a request, and why.",
    "plan": "Show what a configuration would change, and who would move.",
    "apply": "Put a configuration in force.",
    "status": "Show what is in force and how it goes.",
    "revisions": "List what was in force when, and what it changed.",
    "rollback": "Put an earlier revision in force again.",
    "overrides": "List the decisions taken at run time.",
    "breaker": "Hold a variant's breaker open or closed, or leave it to itself.",
    "disable": "Take a variant out.",
    "enable": "Let a disabled variant answer again.",
    "switch": "Send all calls of a route to one variant, or go back.",
    "shadows": "Show how much a shadow's answers differ from the live ones.",
    "events": "Show what happened, who did it, and why.",
    "compare": "Judge replies in files as those of a shadow.",
    "backup": "Copy the store, while it is in use.",
    "schema": "Print the JSON Schema of the configuration file.",
    "demo": "Try the gateway with real models on this machine.",
    "completion": "Print the completion script of a shell.",
}
"""Name to summary, in the order of `--help`; each name is a module of this package with a `command` in it."""

FAILED, INTERRUPTED = 1, 130

EXAMPLES = """\b
Examples:
  gateway check gateway.yaml
  gateway serve --config gateway.yaml
  gateway explain gateway.yaml --path /v1/fraud --header 'x-user-id: 42'
  gateway apply gateway.yaml -m 'fraud-4 to 10 %'
  gateway status
  gateway rollback
"""


class Commands(click.Group):
    """The commands by name, each imported at its first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"gateway.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names for the shell's tab key, from the table alone."""
        names = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return names + click.Command.shell_complete(self, ctx, incomplete)


def _version() -> str:
    """Ours, with a word on it where the hot path is compiled (see `hatch_build.py`)."""
    hot = find_spec("gateway.wire.server")
    is_compiled = hot is not None and str(hot.origin).endswith(tuple(EXTENSION_SUFFIXES))
    return f"{__version__} (compiled)" if is_compiled else __version__


@click.group(cls=Commands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version(), prog_name="gateway", message="%(prog)s %(version)s")
def gateway() -> None:
    """A gateway in front of model servers.

    One stable URL for callers; for operators, the means to put a new model behind it without risk.
    """


def main() -> NoReturn:
    """Run the command line given to this process, and exit."""
    terminal.prepare()
    sys.exit(run(gateway))


def run(command: click.Command) -> int:
    """The exit code of `command` run on this process's arguments; every foreseen failure is one line by then."""
    try:
        code = command.main(prog_name="gateway", complete_var="_GATEWAY_COMPLETE", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        return _nobody_reads()
    except (GatewayError, OSError) as error:
        return _failed(error)
    return code if isinstance(code, int) else 0


def _failed(error: Exception) -> int:
    terminal.message(f"gateway: {error}", style="red")
    return FAILED


def _nobody_reads() -> int:
    """The reader of our output left (`| head`): the rest goes nowhere, so that closing the stream at exit is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED
