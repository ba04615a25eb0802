"""/v1/documents: an invoice as PDF, for who has a ticket of the portal"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from shared.auth import Verifier, allow_anyone

from payments.api.depends import At, Reading
from payments.api.guard import GUARDED
from payments.document import file_name
from payments.queries.documents import facts_of

router = APIRouter(prefix="/v1/documents", tags=["documents"], dependencies=[*GUARDED, Depends(allow_anyone)])
PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}}}
_UNKNOWN: dict[int | str, dict[str, Any]] = {401: {"description": "The ticket is not valid or has ended."}}


async def _of_ticket(
    request: Request, ticket: Annotated[str, Query(max_length=4000, description="Of portal-api.")]
) -> UUID:
    verifier: Verifier = request.app.state.verifier
    return await verifier.document_ticket(ticket)


@router.get("", response_class=Response, responses=PDF | _UNKNOWN)
async def read_document(id: Annotated[UUID, Depends(_of_ticket)], at: At, read: Reading) -> Response:
    """The invoice that the ticket names, as it stands now."""
    return await printed(at, read, id)


async def printed(at: At, read: Reading, id: UUID) -> Response:
    """Raises the 404 problem."""
    facts = await facts_of(read, at.settings, id)
    headers = {"Content-Disposition": f'inline; filename="{file_name(facts.invoice)}"'}
    return Response(await at.tools.printed(facts), media_type="application/pdf", headers=headers)
