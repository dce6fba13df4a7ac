"""Words: a setting's value as one short piece of text for people, in the configuration's own terms.

It decides how values read and that secrets do not: fields that carry credentials and passwords in addresses are hidden.
"""

import json
import re
from typing import get_args

from gateway.core.describe import percent, shown, source_words
from gateway.core.model import All, Condition, Endpoint, FixedResponse, Health, KeySource, Not, Share, Split, Test

HIDDEN = "(not shown)"
_SECRET_FIELDS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
_CREDENTIALS = re.compile("//[^/@]*@")

_SECONDS = frozenset(
    {
        *("connect", "first_byte", "idle", "total", "window", "slow_after", "open_for", "max_open_for", "for_"),
        *("interval", "timeout", "deadline", "issue"),
        *("header_timeout", "body_idle", "keepalive", "drain_delay", "drain"),
    }
)
_BYTES = frozenset({"replay_body", "max_body", "header", "body", "inspect_body"})
_SHARES = frozenset({"budget", "error_rate", "slow_rate", "max_share", "sample", "noise"})
_ABSENT = {
    "slow_after": "auto",
    "variants": "the heaviest of the split",
    "timeout": "the variant's total",
    "host": "any",
}
"""What stands for a setting that is left out."""


def value(field: str, each: object) -> str:
    """What a field of that name holds."""
    if each is None:
        return _ABSENT.get(field, "none")
    if isinstance(each, int | float) and not isinstance(each, bool):
        return _number(field, each)
    if isinstance(each, tuple):
        return f"[{', '.join(value(field, one) for one in each)}]"
    if isinstance(each, str):
        return text(each)
    return _object(each)


def _object(each: object) -> str:
    if isinstance(each, Endpoint):
        return text(each.url)
    if isinstance(each, KeySource):
        issued = "" if each.issue is None else f" (issued for {duration(each.issue)})"
        return text(source_words(each.source)) + issued
    if isinstance(each, Health):
        return f"path {text(each.path)}"
    if isinstance(each, FixedResponse):
        return f"status {each.status}"
    return condition(each) if isinstance(each, get_args(Condition)) else as_json(each)


def _number(field: str, number: float) -> str:
    if field in _SECONDS:
        return duration(number)
    if field in _BYTES:
        return size(int(number))
    return percent(number) if field in _SHARES else f"{number:.12g}"


def duration(seconds: float) -> str:
    """A length of time."""
    for length, unit in ((86_400, "d"), (3_600, "h")):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:.12g} {unit}"
    return f"{seconds:.12g} s" if seconds >= 1 or seconds == 0 else f"{seconds * 1000:.12g} ms"


def size(count: int) -> str:
    """A number of bytes."""
    for length, unit in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= length and count % length == 0:
            return f"{count // length} {unit}"
    return f"{count} B"


def text(written: str) -> str:
    """Text on one line, without the credentials of an address; quoted where it could be taken for none."""
    line = shown(_CREDENTIALS.sub("//***@", written))
    return line if line.strip() == line != "" else as_json(line)


def as_json(each: object) -> str:
    """What is neither text nor a number, such as a list in metadata."""
    return shown(_CREDENTIALS.sub("//***@", json.dumps(each, ensure_ascii=False)))


def address(host: str, port: int) -> str:
    """Where connections are taken."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_secret_field(name: str) -> bool:
    """Whether the header field of that name carries credentials."""
    return name.lower() in _SECRET_FIELDS


def split(weights: Split) -> str:
    """A split with its weights."""
    return ", ".join(f"{name} {weight}" for name, weight in weights.items())


def condition(each: Condition) -> str:
    """A condition on one line."""
    match each:
        case Test(source=source):
            return f"{text(source_words(source))} {each.operator} {_operand(each)}"
        case Share(fraction=share):
            return f"share {percent(share)}"
        case Not(condition=inner):
            return f"not ({condition(inner)})"
    word = "all" if isinstance(each, All) else "any"
    return f"{word} ({'; '.join(condition(part) for part in each.conditions)})"


def _operand(test: Test) -> str:
    secret = test.source.kind == "header" and is_secret_field(test.source.name)
    return HIDDEN if secret and test.operator != "exists" else as_json(test.operand)
