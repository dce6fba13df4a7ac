"""Text in columns, and times and lengths as a person reads them."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def columns(rows: Iterable[Sequence[str]], *, indent: str = "") -> list[str]:
    """One line for each row, every column as wide as its widest cell; the last one as it is."""
    rows = [list(row) for row in rows]
    widths = [max(map(_width, column)) for column in zip(*(row[:-1] for row in rows), strict=True)]
    return [indent + "  ".join([*map(_filled, row[:-1], widths), row[-1]]).rstrip() for row in rows]


def _filled(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(cell: str) -> int:
    """Columns that a terminal gives it."""
    if cell.isascii():
        return len(cell)
    return sum(_LETTER.get(unicodedata.east_asian_width(each), 1) for each in cell if not unicodedata.combining(each))


_LETTER = {"W": 2, "F": 2}


def instant(text: str) -> datetime:
    """The time that an answer of the admin API names."""
    return datetime.fromisoformat(text).astimezone(UTC)


def clock(text: str) -> str:
    """That time to the second, in UTC."""
    return f"{instant(text):%Y-%m-%d %H:%M:%SZ}"


def ago(text: str, now: datetime) -> str:
    """How long ago it was."""
    return f"{length((now - instant(text)).total_seconds())} ago"


def ahead(text: str, now: datetime) -> str:
    """How long until then."""
    return f"in {length((instant(text) - now).total_seconds())}"


def length(seconds: float) -> str:
    """A length of time in its two largest units."""
    left = max(0, round(seconds))
    parts: list[str] = []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(part for part in parts[:2] if part) or "0 s"


def quick(seconds: float) -> str:
    """A latency."""
    if seconds >= 10:
        return f"{seconds:.0f} s"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def share(fraction: float) -> str:
    """A rate in percent: with one decimal, and never 0 where there is something."""
    return f"{fraction:.1%}".replace("%", " %") if fraction == 0 or fraction >= 0.0005 else "< 0.1 %"


def weights(split: Mapping[str, int]) -> str:
    """A split with its weights."""
    return ", ".join(f"{name} {weight}" for name, weight in split.items())
