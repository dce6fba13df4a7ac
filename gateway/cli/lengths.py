"""Lengths of time as they are typed: `90s`, `30m`, `2h`, `1d`."""

import re
from datetime import timedelta

import click

_LENGTH = re.compile(r"([0-9]{1,9})([smhd])")
_LONGEST = timedelta(days=7)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def length(text: str) -> timedelta | None:
    """None for what is no length; OverflowError for one that is too long."""
    found = _LENGTH.fullmatch(text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


def seconds(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    """For an option: from one second to a week."""
    if text is None:
        return None
    try:
        found = length(text)
    except OverflowError:
        found = None
    if not found or found > _LONGEST:
        raise click.BadParameter("a length such as 90s, 2m or 1h is due, a week at most", context, parameter)
    return found.total_seconds()
