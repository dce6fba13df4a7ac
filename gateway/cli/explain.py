"""`gateway explain`: one request decided on paper. Nothing is sent anywhere."""

import os
import re
from dataclasses import asdict
from ipaddress import ip_address
from pathlib import Path
from random import random
from typing import BinaryIO

import click

from gateway.cli import terminal
from gateway.cli.loading import CONFIGURATION, load
from gateway.core.explain import Explanation, explain
from gateway.core.facts import Facts
from gateway.core.model import Snapshot
from gateway.core.reading import readable
from gateway.core.routing import Miss, RouteTable
from gateway.wire.judge import host_name

EXAMPLES = """\b
Examples:
  gateway explain gateway.yaml --path /v1/fraud --header 'x-user-id: 42'
  gateway explain gateway.yaml --path '/v1/fraud?debug=1' --method PUT --body request.json
  gateway explain gateway.yaml --path /v1/fraud --host api.example.com --client 192.0.2.7 --json
"""

Headers = dict[bytes, bytes]

_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*?)[ \t]*")
_METHOD = re.compile(r"[A-Z-]+")
_TARGET = re.compile(rb"/[\x21-\x7e]*")


def _headers(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> Headers:
    """`K: V` texts as fields: names in lower case, the first of a repeated one."""
    fields: Headers = {}
    for text in given:
        field = _FIELD.fullmatch(os.fsencode(text))
        if field is None:
            raise click.BadParameter(f"{text!r} is not a field; write 'NAME: VALUE'", context, parameter)
        fields.setdefault(field[1].lower(), field[2])
    return fields


def _target(context: click.Context, parameter: click.Parameter, text: str) -> bytes:
    target = os.fsencode(text)
    if not _TARGET.fullmatch(target) or b"#" in target:
        reason = "begin it with a slash, and percent-encode blanks, # and letters beyond ASCII"
        raise click.BadParameter(f"{text!r} is not a path; {reason}", context, parameter)
    return target


def _address(context: click.Context, parameter: click.Parameter, text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise click.BadParameter(f"{text!r} is not an IP address", context, parameter) from None


def _method(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    if text is not None and not _METHOD.fullmatch(text.upper()):
        raise click.BadParameter(f"{text!r} is not a method", context, parameter)
    return text and text.upper()


@click.command(epilog=EXAMPLES)
@click.argument("file", type=CONFIGURATION)
@click.option("--path", "target", required=True, callback=_target, help="The request's path; a query may follow it.")
@click.option("--method", callback=_method, help="Its method.  [default: GET, or POST with --body]")
@click.option("--header", "headers", multiple=True, callback=_headers, metavar="'K: V'", help="A field; repeatable.")
@click.option("--body", type=click.File("rb"), metavar="FILE", help="A file with its body; - is standard input.")
@click.option("--client", default="127.0.0.1", show_default=True, callback=_address, help="The caller's address.")
@click.option("--host", help="The host asked for, instead of a Host field.")
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def command(  # noqa: PLR0913 - one for each option
    file: Path,
    as_json: bool,
    *,
    target: bytes,
    method: str | None,
    headers: Headers,
    body: BinaryIO | None,
    client: str,
    host: str | None,
) -> None:
    """Say which variant would answer a request, and why, step by step.

    The decision is made by the code that serves; nothing is sent to any model. Without a targeting key the choice is
    random, and so may differ from one run to the next.
    """
    snapshot = load(file, as_json=as_json).snapshot
    path, _, query = target.partition(b"?")
    method = method or ("POST" if body else "GET")
    facts = Facts(method.encode(), path, query, _host(host, headers), headers, client=client)
    facts.body = _json_text(snapshot, facts, body)
    explanation = explain(snapshot, facts, random)
    if as_json:
        terminal.document(asdict(explanation))
    else:
        _show(explanation)


def _host(given: str | None, headers: Headers) -> bytes:
    if given is not None:
        headers[b"host"] = os.fsencode(given)
    if b"host" not in headers:
        return b""
    name = host_name(headers[b"host"])
    if name is None:
        raise click.BadParameter(f"{headers[b'host'].decode(errors='replace')!r} is not a host", param_hint="'--host'")
    return name


def _json_text(snapshot: Snapshot, facts: Facts, body: BinaryIO | None) -> bytes | None:
    """What a worker would read as JSON of this body on this request's route."""
    found = RouteTable(snapshot).find(facts.host, facts.path, facts.method, facts.headers)
    if body is None or isinstance(found, Miss):
        return None
    limit = snapshot.limits.inspect_body
    return readable(body.read(limit + 1), facts.headers, found.route.protocol, limit)


def _show(explanation: Explanation) -> None:
    for step in explanation.steps:
        terminal.result(step, style="dim")
    terminal.result("")
    for name in ("route", "key", "rule", "variant", "reason"):
        value = getattr(explanation, name)
        if value is not None:
            terminal.result(f"{name:<8} {value}", style="bold" if name == "variant" else "")
