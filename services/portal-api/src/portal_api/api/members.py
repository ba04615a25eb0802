"""/v1/me/accounts: who may come in for this household, for its administrators."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from shared.db import Row
from shared.etag import BasedOn, set_etag
from shared.problems import Problem, conflict, not_found
from shared.transaction import open_read, open_work
from shared.work import Work
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from portal_api.api.accounts import new_password
from portal_api.api.depends import Here, Household, OfAdministrator
from portal_api.api.home import OTHERS
from portal_api.flows import accounts
from portal_api.flows.invitations import invite_member, mail_invitation
from portal_api.flows.throttle import invitation_budget, spend
from portal_api.models.accounts import account
from portal_api.schemas.household import MemberEdit, MemberNew, MemberOut, member

router = APIRouter(prefix="/v1/me/accounts", tags=["me"])
Reading = Annotated[AsyncConnection, Depends(open_read)]
Writing = Annotated[Work[Any], Depends(open_work)]
_MEMBER: dict[int | str, Any] = {
    409: {"description": "This e-mail address is on the list already."},
    429: {"description": "Ten invitations of a household a day; see Retry-After."},
}
_MYSELF: dict[int | str, Any] = {409: {"description": "Oneself."}, 412: {"description": "Changed meanwhile."}}


@router.get("")
async def list_members(me: OfAdministrator, read: Reading) -> list[MemberOut]:
    query = select(account).where(account.c.location_id == me.location_id, account.c.state != "closed")
    rows = (await read.execute(query.order_by(account.c.id).limit(200))).all()
    return [MemberOut.model_validate(member(row, me.account_id)) for row in rows]


@router.post("", status_code=201, responses=_MEMBER)
async def invite(me: OfAdministrator, here: Here, response: Response, body: MemberNew) -> MemberOut:
    """Mails an invitation with a one-time password. For somebody who has an account elsewhere the answer is
    the same; the mail tells them of it."""
    async with here.work() as work:
        wait = await spend(work, [invitation_budget(me.location_id)], timedelta(days=1))
    if wait is not None:
        problem = Problem(
            429, "Your household has sent many invitations today", "Try again tomorrow, or ask our office."
        )
        problem.headers["Retry-After"] = str(wait)
        raise problem
    secret, who = await new_password(here), str(me.account_id)
    async with here.work() as work:
        row = await invite_member(work, **body.model_dump(), location_id=me.location_id, who=who)
        await mail_invitation(work, row["id"], kind="customer", secret=secret, who=who)
        found = await _mine(work.session, me, row["id"])
    response.headers["Location"] = f"/v1/me/accounts/{found.id}"
    set_etag(response, found.version)
    return MemberOut.model_validate(member(found, me.account_id))


@router.patch("/{id}", responses=OTHERS | _MYSELF)
async def edit_member(
    me: OfAdministrator, work: Writing, response: Response, id: UUID, based_on: BasedOn, body: MemberEdit
) -> MemberOut:
    """Makes somebody an administrator, or no longer; it ends that account's sessions."""
    await _another(work.session, me, id)
    values = {"role": accounts.customer_role(body.administrator)}
    await accounts.edit(work, id, kind="customer", based_on=based_on, values=values, who=str(me.account_id))
    row = await _mine(work.session, me, id)
    set_etag(response, row.version)
    return MemberOut.model_validate(member(row, me.account_id))


@router.delete("/{id}", status_code=204, responses=OTHERS | _MYSELF)
async def remove_member(me: OfAdministrator, work: Writing, id: UUID, based_on: BasedOn) -> None:
    """Closes the account and ends its sessions."""
    await _another(work.session, me, id)
    await accounts.close(work, id, kind="customer", based_on=based_on, who=str(me.account_id))


async def _mine(session: AsyncSession, me: Household, id: UUID) -> Row:
    mine = (account.c.id == id) & (account.c.location_id == me.location_id) & (account.c.state != "closed")
    found = (await session.execute(select(account).where(mine))).one_or_none()
    if found is None:
        raise not_found("account")
    return found


async def _another(session: AsyncSession, me: Household, id: UUID) -> None:
    """Nobody removes or demotes themselves: so a household keeps an administrator."""
    await _mine(session, me, id)
    if id == me.account_id:
        raise conflict("This is your own account", "Ask another administrator, or our office.")
