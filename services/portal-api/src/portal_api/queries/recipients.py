"""Who is told about a dispatch or a payment, as far as it is known."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from shared.events.money import PaidPart
from sqlalchemy import case, select
from sqlalchemy.ext.asyncio import AsyncSession

from portal_api.models.accounts import HAS_NAME, account
from portal_api.models.records import customer_record, dispatch_record, invoice_record, location_record


class Recipient(NamedTuple):
    """`number` is the dispatch's or the invoice's; `place` the address in one line."""

    name: str
    email: str
    number: str
    place: str


async def recipient_of_dispatch(session: AsyncSession, dispatch_id: UUID) -> Recipient | None:
    """None while it is not known whose dispatch it is, or where nobody has an address."""
    columns = (dispatch_record.c.number, dispatch_record.c.customer_id, dispatch_record.c.location_id)
    row = (await session.execute(select(*columns).where(dispatch_record.c.id == dispatch_id))).one_or_none()
    if row is None or row.number is None:
        return None
    who = await _who(session, row.customer_id, row.location_id)
    return Recipient(*who, row.number, await _place(session, row.location_id)) if who else None


async def is_matched(session: AsyncSession, dispatch_id: UUID) -> bool:
    """Whether it is known whose dispatch it is."""
    query = select(dispatch_record.c.location_id).where(dispatch_record.c.id == dispatch_id)
    return (await session.execute(query)).scalar() is not None


async def recipient_of_payment(
    session: AsyncSession, customer_id: UUID, paid: Sequence[PaidPart]
) -> Recipient | None:
    """`number` names all invoices that were paid. None where nobody has an address, and for partners, who pay
    by statement."""
    query = select(invoice_record.c.id, invoice_record.c.invoice, invoice_record.c.location_id)
    query = query.where(invoice_record.c.id.in_([part.invoice_id for part in paid]))
    known = {row.id: row for row in await session.execute(query)}
    numbers = [
        part.number or known[part.invoice_id].invoice["number"]
        for part in paid
        if part.number or part.invoice_id in known
    ]
    location_id = next((row.location_id for row in known.values() if row.location_id), None)
    kind = select(customer_record.c.kind).where(customer_record.c.id == customer_id)
    if await session.scalar(kind) == "partner":
        return None
    who = await _who(session, customer_id, location_id)
    return Recipient(*who, ", ".join(numbers), "") if who else None


async def _who(
    session: AsyncSession, customer_id: UUID | None, location_id: UUID | None
) -> tuple[str, str] | None:
    """(name, address): of the location's account, its administrator's first, or else of the customer."""
    if location_id is not None:
        mine = (
            account.c.location_id == location_id,
            HAS_NAME,
            account.c.email.is_not(None),
        )
        administrators = case((account.c.role == "customer.admin", 0), else_=1)
        query = select(account.c.name, account.c.email).where(*mine).order_by(administrators, account.c.id)
        row = (await session.execute(query.limit(1))).first()
        if row is not None:
            return row.name, row.email
    if customer_id is None:
        return None
    query = select(customer_record.c.name, customer_record.c.email).where(customer_record.c.id == customer_id)
    row = (await session.execute(query)).one_or_none()
    return (row.name, row.email) if row is not None and row.email else None


async def _place(session: AsyncSession, location_id: UUID | None) -> str:
    query = select(location_record.c.address).where(location_record.c.id == location_id)
    address = (await session.execute(query)).scalar() or {}
    city = " ".join(filter(None, (address.get("state"), address.get("zip"))))
    return ", ".join(filter(None, (address.get("street"), address.get("unit"), address.get("city"), city)))
