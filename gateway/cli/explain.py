"""`gateway explain`: one request decided on paper. Nothing is sent anywhere."""

import os
from ipaddress import ip_address
from pathlib import Path
from typing import BinaryIO

import click

from gateway.cli import terminal
from gateway.cli.loading import CONFIGURATION, load
from gateway.core.explain import Explanation, explain
from gateway.core.facts import Facts

EXAMPLES = """\b
Examples:
  gateway explain gateway.yaml --path /v1/fraud --header 'x-user-id: 42'
  gateway explain gateway.yaml --path '/v1/fraud?debug=1' --method PUT --body request.json
  gateway explain gateway.yaml --path /v1/fraud --host api.example.com --client 192.0.2.7 --json
"""

Headers = dict[bytes, bytes]


def _headers(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> Headers:
    """`K: V` texts as fields: names in lower case, the first of a repeated one."""
    fields: Headers = {}
    for text in given:
        name, colon, value = os.fsencode(text).partition(b":")
        if not colon or not name.strip():
            raise click.BadParameter(f"{text!r} is not a field; write 'NAME: VALUE'", context, parameter)
        fields.setdefault(name.strip().lower(), value.strip())
    return fields


def _address(context: click.Context, parameter: click.Parameter, text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise click.BadParameter(f"{text!r} is not an IP address", context, parameter) from None


@click.command(epilog=EXAMPLES)
@click.argument("file", type=CONFIGURATION)
@click.option("--path", required=True, help="The request's path; a query may follow it.")
@click.option("--method", help="Its method.  [default: GET, or POST with --body]")
@click.option("--header", "headers", multiple=True, callback=_headers, metavar="'K: V'", help="A field; repeatable.")
@click.option("--body", type=click.File("rb"), metavar="FILE", help="A file with its body; - is standard input.")
@click.option("--client", default="127.0.0.1", show_default=True, callback=_address, help="The caller's address.")
@click.option("--host", help="The host asked for, instead of a Host field.")
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def command(file: Path, as_json: bool, headers: Headers, body: BinaryIO | None, **request: str | None) -> None:
    """Say which variant would answer a request, and why, step by step.

    The route, rule and variant are decided by the very code that serves; nothing is sent to any model. Without a
    targeting key the choice is random, and so may differ from one run to the next.
    """
    snapshot = load(file, as_json=as_json).snapshot
    content = body.read() if body else None
    explanation = explain(snapshot, _facts(headers, content, **request))
    if as_json:
        terminal.document(_document(explanation))
    else:
        _show(explanation)


def _facts(headers: Headers, body: bytes | None, **request: str | None) -> Facts:
    path, _, query = os.fsencode(request["path"] or "").partition(b"?")
    host = os.fsencode(request["host"]) if request["host"] else headers.get(b"host", b"")
    method = request["method"] or ("GET" if body is None else "POST")
    return Facts(os.fsencode(method), path, query, host, headers, client=request["client"] or "", body=body)


def _document(explanation: Explanation) -> dict[str, object]:
    names = ("route", "rule", "variant", "reason", "key", "steps")
    return {name: getattr(explanation, name) for name in names}


def _show(explanation: Explanation) -> None:
    for number, step in enumerate(explanation.steps, 1):
        terminal.result(f"{number:>2}. {step}")
    terminal.result("")
    for name in ("route", "key", "rule", "variant", "reason"):
        value = getattr(explanation, name)
        if value is not None:
            terminal.result(f"{name:<8} {value}", style="bold" if name == "variant" else "")
