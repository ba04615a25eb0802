"""The customers who pay: a partner's dispatches are billed to the partner."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from shared.batches import insert_rows
from shared.service import Running
from shared.work import Work
from sqlalchemy import select

from customer.claims import partner_customer_id
from customer.contact import fold
from customer.flows.news import tell_customer
from customer.models import customer
from customer.tools import Tools


def payer_of(partner: str | None, bill_to: str | None, defaults: dict[str, str]) -> str | None:
    """The payer's name: who the mailbox says, or the partner's default; nobody for a dispatch of our own."""
    return (bill_to or "").strip() or (defaults.get(partner.casefold(), partner) if partner else None)


async def payers(work: Work[Tools], *, names: Collection[str]) -> dict[str, UUID]:
    """The ids of the partner customers who were first called so; those who are missing are made."""
    ids = {name: partner_customer_id(name) for name in names}
    unseen = {id: name for name, id in ids.items() if id not in work.tools.payers}
    if unseen:
        query = select(customer.c.id).where(customer.c.id.in_(unseen))
        found = set((await work.session.scalars(query)).all())
        work.tools.payers |= found  # those made just now are not: this transaction may still fail
        missing = {id: name for id, name in unseen.items() if id not in found}
        if missing:
            await _introduce(work, missing)
    return ids


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
        await payers(work, names=sorted(set(running.settings.bill_to.values())))
