"""/v1/payment-alerts: what a person should know of"""

from uuid import UUID

from fastapi import APIRouter
from shared.etag import BasedOn
from shared.pages import Cursor, Limit, Page

from payments.api.depends import Office, Reading, Writing
from payments.api.guard import LISTED
from payments.flows import alerts
from payments.models import alert
from payments.queries.invoices import page
from payments.schemas.gateways import AlertOut, Settled

router = APIRouter(prefix="/v1", tags=["card payments"], dependencies=LISTED)


@router.get("/payment-alerts")
async def list_alerts(
    _who: Office, read: Reading, settled: bool = False, cursor: Cursor = None, limit: Limit = 50
) -> Page[AlertOut]:
    """What a person should know of, newest first."""
    where = alert.c.settled_at.is_not(None) if settled else alert.c.settled_at.is_(None)
    order = (alert.c.raised_at, alert.c.id)
    rows, more = await page(read, alert, where, order=order, cursor=cursor, limit=limit)
    return Page(items=[AlertOut.model_validate(row) for row in rows], next=more)


@router.post("/payment-alerts/{id}/settle", status_code=204)
async def settle_alert(who: Office, work: Writing, id: UUID, based_on: BasedOn, body: Settled) -> None:
    await alerts.settle_alert(work, id=id, based_on=based_on, note=body.note, who=who.subject)
