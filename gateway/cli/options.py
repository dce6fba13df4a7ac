"""What commands that ask a running gateway have in common: their options, and how they end when it refuses.

It decides where the address and the token come from. A token is never an argument: those are for all to see.
"""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click
from click.shell_completion import CompletionItem

from gateway.cli import terminal
from gateway.cli.api import DEFAULT, Api, ApiError
from gateway.errors import GatewayError

Command = TypeVar("Command", bound=Callable[..., Any])

COMPLETION = 0.5
"""Seconds that a press of the tab key may wait."""
LONGEST_TOKEN = 4096


def asks(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """Gives a command `--admin`, `--token-file` and `--json`; it gets `api` and `as_json`. With `--json` a refusal is a
    document on standard output, without it a line on standard error."""

    @click.option(
        "--admin",
        "url",
        metavar="URL",
        envvar="GATEWAY_ADMIN",
        show_envvar=True,
        default=DEFAULT,
        show_default=True,
        callback=_url,
        help="The gateway's admin address.",
    )
    @click.option(
        "--token-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A file with the token, in place of the environment's GATEWAY_TOKEN.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
    @functools.wraps(command)
    def wrapped(*, url: str, token_file: Path | None, as_json: bool, **given: Any) -> int | None:
        try:
            return command(api=Api(url, token=_token(token_file)), as_json=as_json, **given)
        except ApiError as error:
            if not as_json:
                raise
            terminal.document(error.document)
            raise click.exceptions.Exit(1) from None

    return wrapped


def why(*, required: bool) -> Callable[[Command], Command]:
    """`--why`: recorded with an override and its event."""
    help_text = "Why; shown with the override and in the events."
    if required:
        return click.option("--why", metavar="TEXT", required=True, help=help_text)
    return click.option("--why", metavar="TEXT", default="", help=help_text)


lasting = click.option("--for", "lasts", metavar="LENGTH", help="End by itself after this long, such as 30m, 2h or 1d.")
yes = click.option("--yes", "-y", "is_sure", is_flag=True, help="Do not ask.")


def _url(context: click.Context, parameter: click.Parameter, text: str) -> str:
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or parts.port is None)
    except ValueError:
        is_right = False
    else:
        is_right = is_right and url.isascii() and url.isprintable() and " " not in url
        is_right = is_right and not (parts.query or parts.fragment or parts.username is not None)
    if not is_right:
        raise click.BadParameter(f"an address such as {DEFAULT} is due", context, parameter)
    return url


def _token(file: Path | None) -> str:
    token, where = os.environ.get("GATEWAY_TOKEN", ""), "GATEWAY_TOKEN"
    if file is not None:
        token, where = _read(file), str(file)
    if len(token) > LONGEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise GatewayError(f"{where} holds no token: one word of ASCII is due")
    return token


def _read(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            token = stream.read(LONGEST_TOKEN + 2).strip()
    except OSError as error:
        raise GatewayError(f"cannot read the token from {file}: {error.strerror}") from None
    if not token:
        raise GatewayError(f"{file} is empty; a token is due")
    return token


def completed(kind: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Names for the shell's tab key: the running gateway's `routes` or `variants`; none where it does not answer at
    once."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            url = _url(context, parameter, context.params.get("url") or os.environ.get("GATEWAY_ADMIN") or DEFAULT)
            names = Api(url, token=_token(None), within=COMPLETION).get("status")[kind]
        except (GatewayError, click.ClickException, KeyError):
            return []
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]

    return complete
