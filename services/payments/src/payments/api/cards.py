"""/v1/saved-cards: cards that the gateway keeps for a customer"""

from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import select

from payments.api.depends import At, Office, Reading, Writing
from payments.api.guard import LISTED
from payments.flows.cards import keep_card, remove_card
from payments.models import saved_card
from payments.queries.merges import merged
from payments.schemas.cards import CardKeep, CardOut

router = APIRouter(prefix="/v1", tags=["card payments"], dependencies=LISTED)


@router.post("/payment-attempts/{id}/save-card", status_code=201)
async def save_card(who: Office, at: At, id: UUID, body: CardKeep | None = None) -> CardOut:
    """Keeps the card of a payment at the gateway, to be charged again. Say in `consent` how its owner agreed:
    without it, it is noted who saved the card, and nothing else."""
    said = body.model_dump() if body else {"consent": None, "expires": None}
    kept = await keep_card(at, id, who.subject, **said)
    return CardOut.model_validate(kept)


@router.get("/saved-cards")
async def list_cards(_who: Office, read: Reading, customer_id: UUID) -> list[CardOut]:
    theirs = saved_card.c.debtor_id.in_(await merged(read, customer_id))
    query = select(saved_card).where(theirs, ~saved_card.c.closed)
    return [CardOut.model_validate(row) for row in await read.execute(query.order_by(saved_card.c.id))]


@router.delete("/saved-cards/{id}", status_code=204)
async def forget_card(who: Office, work: Writing, id: UUID) -> None:
    """It cannot be charged any more, and what we know of it is destroyed a day later."""
    await remove_card(work, id=id, who=who.subject)
