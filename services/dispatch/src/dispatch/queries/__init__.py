"""What several use cases read."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from shared.problems import Problem, not_found
from sqlalchemy import RowMapping, Table, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from dispatch.models import (
    appointment,
    company,
    dispatch,
    partner_account,
    status_association,
    status_code,
    technician,
)
from dispatch.status import StatusMap

Reader = AsyncSession | AsyncConnection


class Association(NamedTuple):
    version: int
    map: StatusMap


async def default_zone(session: Reader, settings: Any) -> str:
    """The zone of a place whose own is not known: the company's, or else the environment's."""
    return (await session.execute(select(company.c.zone))).scalar() or settings.default_zone


async def dispatch_row(session: AsyncSession, id: UUID) -> RowMapping:
    """The whole row, locked until the transaction ends. Raises the 404 problem."""
    statement = select(dispatch).where(dispatch.c.id == id).with_for_update()
    row = (await session.execute(statement)).mappings().first()
    if row is None:
        raise not_found("dispatch")
    return row


async def one(reader: Reader, table: Table, key: Any, what: str) -> RowMapping:
    """The row with that primary key. Raises the 404 problem."""
    column = next(iter(table.primary_key.columns))
    row = (await reader.execute(select(table).where(column == key))).mappings().first()
    if row is None:
        raise not_found(what)
    return row


async def associations(reader: Reader, partners: Iterable[str]) -> dict[str, Association]:
    """What is in force for each of the partners that has an association."""
    newest = (
        select(status_association.c.partner, func.max(status_association.c.version))
        .where(status_association.c.partner.in_(set(partners)))
        .group_by(status_association.c.partner)
    )
    key = tuple_(status_association.c.partner, status_association.c.version)
    rows = (await reader.execute(select(status_association).where(key.in_(newest)))).mappings()
    return {
        row["partner"]: Association(row["version"], StatusMap.model_validate(row["association"]))
        for row in rows
    }


async def office_code(reader: Reader, code: str) -> RowMapping:
    """A code that may be set. Raises a 422 problem for one that is unknown or retired."""
    row = (await reader.execute(select(status_code).where(status_code.c.code == code))).mappings().first()
    if row is None or row["retired"]:
        raise Problem(422, "This status code cannot be set", "See GET /v1/status-codes for those in use.")
    return row


async def default_technician(reader: Reader) -> UUID | None:
    statement = select(technician.c.id).where(technician.c.is_default)
    return (await reader.execute(statement)).scalar()


async def check_technician(reader: Reader, id: UUID | None) -> None:
    """Raises a 422 problem for one that does not exist or has left."""
    if id is not None:
        statement = select(technician.c.active).where(technician.c.id == id)
        if not (await reader.execute(statement)).scalar():
            raise Problem(422, "No technician with this id is active", "See GET /v1/technicians.")


async def told_partners(reader: Reader) -> list[str]:
    """The partners whose account is there and enabled."""
    statement = select(partner_account.c.partner).where(partner_account.c.enabled)
    return list((await reader.execute(statement)).scalars())


async def next_window(
    reader: Reader, dispatch_id: UUID, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Start and end of the next appointment that has not ended, else of the last one; None: there is none."""
    table = appointment
    mine = select(table.c.start_at, table.c.end_at, (table.c.end_at < now).label("ended"))
    mine = mine.where(table.c.dispatch_id == dispatch_id, ~table.c.cancelled).order_by(table.c.start_at)
    rows = (await reader.execute(mine)).all()
    coming = [row for row in rows if not row.ended]
    return (coming or rows[-1:])[0][:2] if rows else (None, None)
