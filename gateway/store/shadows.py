"""What shadows' comparisons found, written and read, within a transaction.

It decides how much stays: the newest periods of each pair, and of its mismatches as many as is said. What is written
once more, since nobody knew whether it was kept, is there once.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, update

from gateway.core.periods import PAST, Found, Pair, Part, Period, Saved
from gateway.store import rows
from gateway.store.tables import MISMATCHES, PARTS, PERIODS

PERIODS_KEPT = 50
"""The newest of each pair stay."""
PAGE = 16 << 20
"""Characters of mismatches that are read at once; one may be larger."""

Merge = Callable[[Sequence[Part]], Part]
"""Several parts of one period as one; runs that are over by then."""


def save(connection: Connection, saved: Saved) -> None:
    """All of it."""
    for period in saved.periods:
        _add_period(connection, period)
    for part in saved.parts:
        _put_part(connection, part)
    for found in saved.found:
        _add_found(connection, found)
    for pair, keep in saved.keep.items():
        _prune_found(connection, pair, keep)


def newest(connection: Connection) -> list[Period]:
    """Of each pair the period that began last."""
    ids = select(PERIODS.c.route, PERIODS.c.variant, func.max(PERIODS.c.id).label("id"))
    last = ids.group_by(PERIODS.c.route, PERIODS.c.variant).subquery()
    same = (PERIODS.c.route == last.c.route) & (PERIODS.c.variant == last.c.variant) & (PERIODS.c.id == last.c.id)
    return [rows.period(row) for row in connection.execute(select(PERIODS).join(last, same))]


def periods(connection: Connection, pair: Pair, *, limit: int, before: int | None) -> list[Period]:
    """The newest first."""
    query = select(PERIODS).where(*_of(PERIODS, pair)).order_by(PERIODS.c.id.desc()).limit(limit)
    query = query if before is None else query.where(PERIODS.c.id < before)
    return [rows.period(row) for row in connection.execute(query)]


def period(connection: Connection, pair: Pair, number: int) -> Period | None:
    """The one with that id."""
    found = connection.execute(select(PERIODS).where(*_of(PERIODS, pair), PERIODS.c.id == number)).first()
    return None if found is None else rows.period(found)


def parts(connection: Connection, pair: Pair, number: int) -> list[Part]:
    """Those of one period, by run."""
    query = select(PARTS).where(*_of(PARTS, pair), PARTS.c.period == number).order_by(PARTS.c.run)
    return [rows.part(row) for row in connection.execute(query)]


def parts_of(connection: Connection, run: str) -> list[Part]:
    """Those of one run; the newest period last."""
    query = select(PARTS).where(PARTS.c.run == run).order_by(PARTS.c.period)
    return [rows.part(row) for row in connection.execute(query)]


def mismatches(
    connection: Connection, pair: Pair, *, limit: int, before: int | None, number: int | None
) -> tuple[list[Found], bool]:
    """The newest first; those of the period with that number. And whether there are more: a page ends early where its
    texts are large."""
    table = MISMATCHES.c
    query = select(table.number, func.length(table.mismatch)).where(*_of(MISMATCHES, pair))
    query = query if before is None else query.where(table.number < before)
    query = query if number is None else query.where(table.period == number)
    there = connection.execute(query.order_by(table.number.desc()).limit(limit + 1)).all()
    page = list(_page([(row[0], row[1]) for row in there[:limit]]))
    chosen = select(MISMATCHES).where(*_of(MISMATCHES, pair), table.number.in_(page)).order_by(table.number.desc())
    return [rows.found(row) for row in connection.execute(chosen)], len(there) > len(page)


def _page(there: Sequence[tuple[int, int]]) -> Iterator[int]:
    """The numbers of as many as fit; always one."""
    room = PAGE
    for number, size in there:
        if size > room < PAGE:
            return
        room -= size
        yield number


def fold(connection: Connection, is_over: ColumnElement[bool], merge: Merge) -> None:
    """The parts of runs that are over become one, in each of their periods."""
    key = (PARTS.c.route, PARTS.c.variant, PARTS.c.period)
    over = connection.execute(select(*key).where(is_over, PARTS.c.run != PAST).distinct()).all()
    for route, variant, number in over:
        here = (*_of(PARTS, (route, variant)), PARTS.c.period == number, is_over | (PARTS.c.run == PAST))
        merged = merge([rows.part(row) for row in connection.execute(select(PARTS).where(*here))])
        connection.execute(delete(PARTS).where(*here))
        connection.execute(insert(PARTS), rows.values(merged))


def _add_period(connection: Connection, period: Period) -> None:
    """Between those that are there: of two gateways with one store, one may have written later what began before."""
    own = _of(PERIODS, period.pair)
    if connection.execute(select(PERIODS.c.id).where(*own, PERIODS.c.id == period.id)).first() is not None:
        return
    later = select(PERIODS.c.since).where(*own, PERIODS.c.id > period.id).order_by(PERIODS.c.id).limit(1)
    until = connection.execute(later).scalar()
    connection.execute(insert(PERIODS), {**rows.values(period), "until": until})
    earlier = select(func.max(PERIODS.c.id)).where(*own, PERIODS.c.id < period.id).scalar_subquery()
    connection.execute(update(PERIODS).where(*own, PERIODS.c.id == earlier).values(until=period.since))
    _prune_periods(connection, period.pair)


def _prune_periods(connection: Connection, pair: Pair) -> None:
    newest_first = select(PERIODS.c.id).where(*_of(PERIODS, pair)).order_by(PERIODS.c.id.desc())
    last = connection.execute(newest_first.offset(PERIODS_KEPT).limit(1)).scalar()
    if last is not None:
        for table, column in ((PERIODS, PERIODS.c.id), (PARTS, PARTS.c.period), (MISMATCHES, MISMATCHES.c.period)):
            connection.execute(delete(table).where(*_of(table, pair), column <= last))


def _put_part(connection: Connection, part: Part) -> None:
    own = (*_of(PARTS, part.pair), PARTS.c.period == part.period, PARTS.c.run == part.run)
    connection.execute(delete(PARTS).where(*own))
    connection.execute(insert(PARTS), rows.values(part))


def _add_found(connection: Connection, found: Found) -> None:
    own = (*_of(MISMATCHES, (found.route, found.variant)), MISMATCHES.c.number == found.number)
    query = select(MISMATCHES.c.number).where(*own, MISMATCHES.c.run == found.run)
    if connection.execute(query).first() is None:
        connection.execute(insert(MISMATCHES), rows.values(found))


def _prune_found(connection: Connection, pair: Pair, keep: int) -> None:
    own = _of(MISMATCHES, pair)
    newest_first = select(MISMATCHES.c.number).where(*own).order_by(MISMATCHES.c.number.desc())
    last = connection.execute(newest_first.offset(keep).limit(1)).scalar()
    if last is not None:
        connection.execute(delete(MISMATCHES).where(*own, MISMATCHES.c.number <= last))


def _of(table: Table, pair: Pair) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return table.c.route == pair[0], table.c.variant == pair[1]
