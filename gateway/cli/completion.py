"""`gateway completion`: the script that lets a shell complete this command's words."""

import click
from click.shell_completion import get_completion_class

from gateway.cli import terminal

SHELLS = ("bash", "zsh", "fish")

EXAMPLES = """\b
Examples:
  gateway completion bash > ~/.local/share/bash-completion/completions/gateway
  gateway completion zsh > "${fpath[1]}/_gateway"
  gateway completion fish > ~/.config/fish/completions/gateway.fish
"""


@click.command(epilog=EXAMPLES)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script of SHELL: bash, zsh or fish."""
    kind = get_completion_class(shell)
    assert kind is not None
    root = context.find_root()
    terminal.result(kind(root.command, {}, "gateway", "_GATEWAY_COMPLETE").source())
