"""/v1/payment-differences and /v1/gateway-calls: where the gateways and our books are not one yet"""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from shared.etag import BasedOn
from shared.pages import Cursor, Limit, Page

from payments.api.depends import Office, Reading, Writing
from payments.api.guard import LISTED
from payments.flows import differences
from payments.models import difference, webhook
from payments.queries.invoices import page
from payments.schemas.reports import DifferenceOut, Explained, GatewayCallOut

router = APIRouter(prefix="/v1", tags=["reports"], dependencies=LISTED)
State = Literal["received", "applied", "ignored", "kept", "unmatched", "failed"]


@router.get("/payment-differences")
async def list_differences(
    _who: Office, read: Reading, settled: bool | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[DifferenceOut]:
    """Where the gateways' daily lists and our books differ, newest first."""
    where = []
    if settled is not None:
        where = [difference.c.settled_at.is_not(None) if settled else difference.c.settled_at.is_(None)]
    order = (difference.c.found_at, difference.c.id)
    rows, more = await page(read, difference, *where, order=order, cursor=cursor, limit=limit)
    return Page(items=[DifferenceOut.model_validate(row) for row in rows], next=more)


@router.post("/payment-differences/{id}/settle", status_code=204)
async def settle_difference(who: Office, work: Writing, id: UUID, based_on: BasedOn, body: Explained) -> None:
    """Says why it is explained. Its alert is settled with it."""
    await differences.settle(work, id=id, based_on=based_on, note=body.note, who=who.subject)


@router.get("/gateway-calls")
async def list_calls(
    _who: Office, read: Reading, state: State | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[GatewayCallOut]:
    """What gateways told by themselves, newest first."""
    where = [] if state is None else [webhook.c.state == state]
    order = (webhook.c.received_at, webhook.c.id)
    rows, more = await page(read, webhook, *where, order=order, cursor=cursor, limit=limit)
    return Page(items=[GatewayCallOut.model_validate(row) for row in rows], next=more)


@router.post("/gateway-calls/{id}/retry", status_code=204)
async def retry_call(who: Office, work: Writing, id: UUID) -> None:
    """Applies one again that failed, or that belonged to no payment of ours."""
    await differences.try_again(work, id=id, who=who.subject)
