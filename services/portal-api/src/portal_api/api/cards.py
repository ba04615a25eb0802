"""/v1/me/cards: cards that the payment gateway keeps for the household, and their removal."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from shared.bodies import Out
from shared.transaction import open_read
from sqlalchemy.ext.asyncio import AsyncConnection

from portal_api.api.depends import OfAdministrator, Writing
from portal_api.api.home import OTHERS
from portal_api.flows.cards import ask_removal
from portal_api.queries import cards

router = APIRouter(prefix="/v1/me", tags=["me"])
Reading = Annotated[AsyncConnection, Depends(open_read)]


class CardOut(Out):
    """`expires` is such as 2027-04. `removing` is when its removal was asked for."""

    id: UUID
    brand: str | None
    last4: str | None
    expires: str | None
    removing: datetime | None


@router.get("/cards")
async def list_cards(me: OfAdministrator, read: Reading) -> list[CardOut]:
    """Saved cards, for the household's administrators. No card number is kept here."""
    return [CardOut.model_validate(row) for row in await cards.of_customer(read, me.customer_id)]


@router.delete("/cards/{id}", status_code=202, responses=OTHERS)
async def remove_card(me: OfAdministrator, work: Writing, id: UUID) -> CardOut:
    """Asks for the card to be removed. It leaves the list once that is done, and cannot be charged after."""
    row = await ask_removal(work, account_id=me.account_id, customer_id=me.customer_id, id=id)
    return CardOut.model_validate(row)
