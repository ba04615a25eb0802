"""/v1/staff: the accounts of the office and of technicians, for its administrators."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from shared.auth import ADMIN, Principal, allow
from shared.etag import BasedOn, set_etag
from shared.pages import Cursor, Limit, Page

from portal_api.api.accounts import Closed, UserName, generated, made, new_password
from portal_api.api.depends import Here, Reading, Writing
from portal_api.flows import accounts
from portal_api.flows.invitations import mail_invitation
from portal_api.flows.logon import turn_off_totp
from portal_api.queries.accounts import one, page
from portal_api.schemas.accounts import AccountOut, OneTimePassword, StaffEdit, StaffNew

router = APIRouter(prefix="/v1/staff", tags=["staff"])
Admin = Annotated[Principal, Depends(allow(*ADMIN, clients=False))]
_NONE: dict[int | str, Any] = {404: {"description": "No such account, or it is closed."}}
_LAST: dict[int | str, Any] = {**_NONE, 409: {"description": "This is the last administrator."}}


@router.get("")
async def list_staff(
    _who: Admin,
    read: Reading,
    user_name: UserName = None,
    closed: Closed = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AccountOut]:
    rows, more = await page(
        read, "staff", location_id=None, user_name=user_name, closed=closed, cursor=cursor, limit=limit
    )
    return Page(items=[AccountOut.model_validate(row) for row in rows], next=more)


@router.post("", status_code=201, responses={409: {"description": "The user name is taken."}})
async def create_staff(who: Admin, here: Here, response: Response, body: StaffNew) -> AccountOut:
    """A new member of the office, or a technician; the user name is the e-mail address."""
    secret = await new_password(here) if body.send else None
    async with here.work() as work:
        row = await accounts.add_staff(work, **body.model_dump(exclude={"send"}), who=who.subject)
        if secret:
            row = await mail_invitation(work, row["id"], kind="staff", secret=secret, who=who.subject)
    return made(response, "staff", row)


@router.get("/{id}", responses=_NONE)
async def read_staff(_who: Admin, read: Reading, response: Response, id: UUID) -> AccountOut:
    row = await one(read, id, "staff")
    set_etag(response, row.version)
    return AccountOut.model_validate(row)


@router.patch("/{id}", responses=_LAST)
async def edit_staff(
    who: Admin, work: Writing, response: Response, id: UUID, based_on: BasedOn, body: StaffEdit
) -> AccountOut:
    """Changes name or role; another role ends the account's sessions."""
    values = body.model_dump(exclude_unset=True)
    row = await accounts.edit(work, id, kind="staff", based_on=based_on, values=values, who=who.subject)
    set_etag(response, row["version"])
    return AccountOut.model_validate(row)


@router.delete("/{id}", status_code=204, responses=_LAST)
async def close_staff(who: Admin, work: Writing, id: UUID, based_on: BasedOn) -> None:
    """Closes the account, and ends its sessions."""
    await accounts.close(work, id, kind="staff", based_on=based_on, who=who.subject)


@router.post("/{id}/password", responses=_NONE)
async def generate_staff_password(who: Admin, here: Here, id: UUID) -> OneTimePassword:
    """A one-time password, shown this once. It must be changed at the first logon, within seven days."""
    return await generated(here, id, "staff", who.subject)


@router.post("/{id}/invitation", status_code=202, response_model=AccountOut, responses=_NONE)
async def send_staff_password(who: Admin, here: Here, id: UUID) -> Any:
    """Mails the web address, the user name and a new one-time password; one given before is void."""
    secret = await new_password(here)
    async with here.work() as work:
        return await mail_invitation(work, id, kind="staff", secret=secret, who=who.subject)


@router.delete("/{id}/totp", status_code=204, responses=_NONE)
async def remove_totp(who: Admin, work: Writing, id: UUID) -> None:
    """For who has lost both telephone and recovery codes: the second factor is off."""
    await turn_off_totp(work, id, who=who.subject)
