"""A customer has a saved card removed. Payments does it, and tells when it is done."""

from typing import Any
from uuid import UUID

from shared.db import Row
from shared.events.money import CardRemovalAsked
from shared.problems import not_found
from shared.work import Work
from sqlalchemy import update

from portal_api.models.records import card_record
from portal_api.queries.cards import theirs


async def ask_removal(work: Work[Any], *, account_id: UUID, customer_id: UUID, id: UUID) -> Row:
    """Raises 404, also for a card of others. Asked again, it is told again: the first may have been lost."""
    this = (card_record.c.id == id) & theirs(customer_id)
    asked = update(card_record).where(this).values(removing=work.now).returning(card_record)
    row = (await work.session.execute(asked)).one_or_none()
    if row is None:
        raise not_found("saved card")
    event = CardRemovalAsked(card_id=id, customer_id=row.customer_id, asked_by=account_id, at=work.now)
    work.emit(event, id)
    work.audit(who=str(account_id), action="card.removal_asked", subject=id)
    return row
