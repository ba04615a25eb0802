"""The ticket with which a customer opens an invoice's PDF."""

from typing import Any
from uuid import UUID

from shared.auth import DOCUMENT, sign
from shared.work import Work

from portal_api.flows.keys import current_key

SECONDS = 300


async def issue_document_ticket(work: Work[Any], *, account_id: UUID, invoice_id: UUID) -> str:
    """Lets the holder read that one document for five minutes, as often as a viewer asks for it."""
    kid, key = await current_key(work)
    claims = {"sub": str(account_id), "invoice": str(invoice_id)}
    return sign(key, kid, seconds=SECONDS, audience=DOCUMENT, **claims)
