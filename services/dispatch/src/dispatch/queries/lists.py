"""Lists and single rows around dispatches."""

from typing import Any
from uuid import UUID

from shared.pages import decode_cursor, encode_cursor
from shared.problems import not_found
from sqlalchemy import Select, Table, func, select

from dispatch.models import (
    alert,
    appointment,
    attempt,
    delivery,
    dispatch,
    history,
    status_association,
    status_code,
    technician,
)
from dispatch.queries import Reader
from dispatch.status import Gaps, StatusMap, gaps, moves
from dispatch.windows import Window, spoken

Rows = list[dict[str, Any]]


async def page(
    reader: Reader, statement: Select[Any], table: Table, limit: int, cursor: str | None
) -> tuple[Rows, str | None]:
    """Newest first by the table's time-ordered id."""
    if cursor:
        statement = statement.where(table.c.id < decode_cursor(cursor, UUID)[0])
    found = await reader.execute(statement.order_by(table.c.id.desc()).limit(limit + 1))
    rows = [dict(row) for row in found.mappings()]
    return rows[:limit], encode_cursor(rows[limit - 1]["id"]) if len(rows) > limit else None


async def must_exist(reader: Reader, id: UUID) -> None:
    if (await reader.execute(select(dispatch.c.board).where(dispatch.c.id == id))).first() is None:
        raise not_found("dispatch")


def history_of(id: UUID) -> Select[Any]:
    return select(history).where(history.c.dispatch_id == id)


def alerts(*, open_only: bool, dispatch_id: UUID | None) -> Select[Any]:
    statement = select(alert)
    if open_only:
        statement = statement.where(alert.c.acknowledged_at.is_(None))
    return statement.where(alert.c.dispatch_id == dispatch_id) if dispatch_id else statement


def deliveries(*, dispatch_id: UUID | None, state: str | None, partner: str | None) -> Select[Any]:
    given = {"dispatch_id": dispatch_id, "state": state, "partner": partner}
    return select(delivery).where(*(delivery.c[name] == value for name, value in given.items() if value))


async def attempts_of(reader: Reader, id: UUID) -> Rows:
    statement = select(attempt).where(attempt.c.delivery_id == id).order_by(attempt.c.id)
    return [dict(row) for row in (await reader.execute(statement)).mappings()]


async def appointments_of(reader: Reader, id: UUID) -> Rows:
    """In the order of their times, with the time as the location's clock shows it."""
    statement = select(appointment).where(appointment.c.dispatch_id == id).order_by(appointment.c.start_at)
    rows = (await reader.execute(statement)).mappings().all()
    return [
        {
            **row,
            "window": spoken(Window(row["start_at"], row["end_at"]), row["zone"]),
            "collides_with": await collisions_of(reader, row["id"]),
        }
        for row in rows
    ]


async def collisions_of(reader: Reader, appointment_id: UUID) -> Rows:
    """The other appointments that its technician has at the same time, of dispatches that are still open."""
    this, other = appointment.alias("this"), appointment.alias("other")
    overlaps = (other.c.start_at < this.c.end_at) & (other.c.end_at > this.c.start_at)
    columns = (other.c.id.label("appointment_id"), dispatch.c.id.label("dispatch_id"), dispatch.c.number)
    query = (
        select(*columns, other.c.start_at, other.c.end_at, other.c.zone)
        .select_from(this)
        .join(other, (other.c.technician_id == this.c.technician_id) & (other.c.id != this.c.id) & overlaps)
        .join(dispatch, dispatch.c.id == other.c.dispatch_id)
        .where(this.c.id == appointment_id, ~this.c.cancelled, ~other.c.cancelled, ~dispatch.c.closed)
        .order_by(other.c.start_at, other.c.id)
    )
    rows = (await reader.execute(query)).mappings()
    return [{**row, "window": spoken(Window(row["start_at"], row["end_at"]), row["zone"])} for row in rows]


async def all_collisions(reader: Reader, id: UUID) -> Rows:
    """Those of all appointments of a dispatch, each once."""
    rows = await appointments_of(reader, id)
    return list({each["appointment_id"]: each for row in rows for each in row["collides_with"]}.values())


async def technicians(reader: Reader) -> Rows:
    statement = select(technician).order_by(technician.c.active.desc(), technician.c.name, technician.c.id)
    return [dict(row) for row in (await reader.execute(statement)).mappings()]


async def status_codes(reader: Reader) -> Rows:
    statement = select(status_code).order_by(status_code.c.position, status_code.c.code)
    return [dict(row) for row in (await reader.execute(statement)).mappings()]


async def association_versions(reader: Reader, partner: str | None = None) -> Rows:
    """Newest first: all of one partner, or the one in force of each."""
    table = status_association
    statement = select(table).order_by(table.c.partner, table.c.version.desc())
    if partner is not None:
        rows = (await reader.execute(statement.where(table.c.partner == partner))).mappings()
        return [dict(row) for row in rows]
    newest: dict[str, dict[str, Any]] = {}
    for row in (await reader.execute(statement)).mappings():
        newest.setdefault(row["partner"], dict(row))
    return list(newest.values())


async def gap_report(reader: Reader, association: StatusMap) -> Gaps:
    used = select(status_code.c.code).where(~status_code.c.retired).order_by(status_code.c.position)
    return gaps(association, list((await reader.execute(used)).scalars()))


async def dry_run(reader: Reader, partner: str, old: StatusMap, new: StatusMap) -> Rows:
    """What a new version would tell differently, and how many open dispatches stand in that status."""
    found = moves(old, new)
    counts = (
        select(dispatch.c.status, func.count().label("open"))
        .where(dispatch.c.partner == partner, ~dispatch.c.closed)
        .where(dispatch.c.status.in_([move.office for move in found]))
        .group_by(dispatch.c.status)
    )
    having = {row["status"]: row["open"] for row in (await reader.execute(counts)).mappings()}
    return [{**move._asdict(), "open_dispatches": having.get(move.office, 0)} for move in found]
