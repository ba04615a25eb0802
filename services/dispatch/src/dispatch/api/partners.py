"""Routes: partner accounts, the ledger of status updates, and alerts."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from shared.etag import BasedOn, set_etag
from shared.pages import Cursor, Limit, Page
from sqlalchemy import select

from dispatch.api.base import Admin, Office, Reading, Rows, Text, Writing
from dispatch.flows.accounts import set_account
from dispatch.flows.alerts import acknowledge as acknowledge_
from dispatch.flows.repeats import resend as resend_
from dispatch.models import alert, delivery, partner_account
from dispatch.queries import lists, one
from dispatch.schemas.base import Partner
from dispatch.schemas.dispatches import AlertOut
from dispatch.schemas.partners import AccountIn, AccountOut, AttemptOut, DeliveryOut

router = APIRouter()

State = Literal["queued", "sending", "unknown", "accepted", "refused", "given_up"]


@router.get("/v1/partner-accounts", tags=["partner accounts"])
async def read_accounts(_who: Admin, read: Reading) -> list[AccountOut]:
    rows = (await read.execute(select(partner_account).order_by(partner_account.c.partner))).mappings()
    return [AccountOut.model_validate(dict(row)) for row in rows]


@router.get("/v1/partner-accounts/{partner}", tags=["partner accounts"])
async def read_account(_who: Admin, read: Reading, partner: Partner, response: Response) -> AccountOut:
    row = await one(read, partner_account, partner, "partner account")
    set_etag(response, row["version"])
    return AccountOut.model_validate(dict(row))


@router.put("/v1/partner-accounts/{partner}", tags=["partner accounts"])
async def replace_account(
    who: Admin, work: Writing, partner: Partner, based_on: BasedOn, body: AccountIn, response: Response
) -> AccountOut:
    """`If-Match: "0"` makes a new one. The password is never shown; left out, the one of before stays."""
    values = body.model_dump(exclude={"password"})
    await set_account(
        work, partner=partner, based_on=based_on, values=values, password=body.password, who=who.subject
    )
    row = await one(work.session, partner_account, partner, "partner account")
    set_etag(response, row["version"])
    return AccountOut.model_validate(dict(row))


@router.get("/v1/deliveries", tags=["deliveries"])
async def read_deliveries(
    _who: Office,
    read: Reading,
    dispatch_id: UUID | None = None,
    state: State | None = None,
    partner: Text = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DeliveryOut]:
    """The ledger of what partners were told, newest first."""
    found = lists.deliveries(dispatch_id=dispatch_id, state=state, partner=partner)
    rows, next_ = await lists.page(read, found, delivery, limit, cursor)
    return Page[DeliveryOut].model_validate({"items": rows, "next": next_})


@router.get("/v1/deliveries/{id}/attempts", response_model=list[AttemptOut], tags=["deliveries"])
async def read_attempts(_who: Office, read: Reading, id: UUID) -> Rows:
    """Each try and what the partner said, oldest first."""
    await one(read, delivery, id, "delivery")
    return await lists.attempts_of(read, id)


@router.post("/v1/deliveries/{id}/resend", status_code=202, tags=["deliveries"])
async def resend(who: Office, work: Writing, id: UUID) -> None:
    """Sends a settled update again under its own id. Only the newest one of a dispatch can be."""
    await resend_(work, id=id, who=who.subject)


@router.get("/v1/alerts", tags=["alerts"])
async def read_alerts(
    _who: Office,
    read: Reading,
    open_only: Annotated[bool, Query(alias="open", description="Only those nobody has looked at.")] = True,
    dispatch_id: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AlertOut]:
    """What a person must look at, newest first."""
    found = lists.alerts(open_only=open_only, dispatch_id=dispatch_id)
    rows, next_ = await lists.page(read, found, alert, limit, cursor)
    return Page[AlertOut].model_validate({"items": rows, "next": next_})


@router.post("/v1/alerts/{id}/acknowledge", status_code=204, tags=["alerts"])
async def acknowledge(who: Office, work: Writing, id: UUID) -> None:
    """Somebody has looked. With its last open alert the dispatch loses its flag."""
    await acknowledge_(work, id=id, who=who.subject)
