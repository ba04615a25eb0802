"""The customers who pay: a partner's dispatches are billed to the partner."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from shared.batches import insert_rows
from shared.db import uuid7
from shared.service import Running
from shared.work import Work
from sqlalchemy import literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from customer.claims import partner_customer_id
from customer.contact import fold, is_same_firm
from customer.flows.news import tell_customer
from customer.models import customer
from customer.tools import Tools


def payer_of(partner: str | None, bill_to: str | None, defaults: dict[str, str]) -> str | None:
    """The payer's name: who the mailbox says, or the partner's default; nobody for a dispatch of our own."""
    return (bill_to or "").strip() or (defaults.get(partner.casefold(), partner) if partner else None)


async def payers(work: Work[Tools], *, named: Collection[str], own: Collection[str]) -> dict[str, UUID]:
    """The customers who are meant: by id, by the name under which they were first billed, or by the name that
    they bear now. Who is not among the customers is left out, except for the partners' `own` payers, who are
    made."""
    names = sorted({*named, *own})
    found: dict[str, UUID] = {}
    unseen: list[str] = []
    for name in names:
        id = _id(name)
        if id in work.tools.payers:
            found[name] = id
        else:
            unseen.append(name)
    if unseen:
        found |= await _looked_up(work, unseen)
        missing = set(unseen) - found.keys()
        ours = {_id(name): name for name in missing & set(own)}
        if ours:
            await _introduce(work, ours)
        found |= {name: id for id, name in ours.items()}
    return found


async def _looked_up(work: Work[Tools], names: Sequence[str]) -> dict[str, UUID]:
    ids = {_id(name): name for name in names}
    query = select(customer.c.id).where(customer.c.id.in_(ids), ~customer.c.closed)
    there = set((await work.session.scalars(query)).all())
    work.tools.payers |= there  # those made just now are not: this transaction may still fail
    found = {ids[id]: id for id in there}
    for name in set(names) - found.keys():
        known = await payer_called(work.session, name)
        if known is not None and not known.closed:
            found[name] = known.id
    return found


def _id(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        return partner_customer_id(name)


async def payer_called(session: AsyncSession, name: str, *, besides: UUID | None = None) -> Any:
    """The row of the payer of this name, in whatever spelling, closed or not; None: there is none."""
    query = select(customer).where(literal_column("kind = 'partner'"), customer.c.id != (besides or uuid7()))
    rows = (await session.execute(query.order_by(customer.c.closed, customer.c.number))).all()
    return next((row for row in rows if is_same_firm(row.name, name)), None)


async def _introduce(work: Work[Tools], missing: dict[UUID, str]) -> None:
    rows = [
        {
            "id": id,
            "kind": "partner",
            "name": name,
            "sort_name": fold(name),
            "phones": [],
            "email": None,
            "merged_into": None,
            "closed": False,
            "version": 1,
            "created_at": work.now,
            "updated_at": work.now,
        }
        for id, name in sorted(missing.items())
    ]
    written = await insert_rows(work.session, customer, rows, ignore=["id"], returning=["id", "number"])
    numbers = {row.id: row.number for row in written}
    for row in rows:
        if row["id"] in numbers:  # or another replica was faster, and has told it
            tell_customer(work, row | {"number": numbers[row["id"]]})


async def introduce_payers(running: Running[Any]) -> None:
    """At the start, so that a mailbox can be told whom to bill before the first dispatch comes."""
    async with running.work() as work:
        await payers(work, named=(), own=set(running.settings.bill_to.values()))
