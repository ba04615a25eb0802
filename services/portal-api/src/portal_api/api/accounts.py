"""/v1/accounts: the customers' accounts of a location, as the office manages them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from shared.auth import OFFICE, Principal, allow
from shared.etag import BasedOn, set_etag
from shared.pages import Cursor, Limit, Page
from shared.problems import conflict

from portal_api import passwords
from portal_api.api.depends import Here, Reading, Writing
from portal_api.api.tries import hashed
from portal_api.flows import accounts
from portal_api.flows.invitations import mail_invitation
from portal_api.queries.accounts import one, page
from portal_api.schemas.accounts import AccountEdit, AccountNew, AccountOut, OneTimePassword

router = APIRouter(prefix="/v1/accounts", tags=["accounts"])
Manager = Annotated[Principal, Depends(allow(*OFFICE, clients=False))]
Closed = Annotated[bool, Query(description="Closed ones too.")]
UserName = Annotated[str | None, Query(description="Exactly this user name.", max_length=320)]
_NONE: dict[int | str, Any] = {404: {"description": "No such account, or it is closed."}}
_TAKEN: dict[int | str, Any] = {
    404: {"description": "No such location, or it is closed."},
    409: {"description": "The user name is taken."},
}


@router.get("")
async def list_accounts(
    _who: Manager,
    read: Reading,
    location_id: UUID | None = None,
    user_name: UserName = None,
    closed: Closed = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AccountOut]:
    """Those of a location, or of all."""
    rows, more = await page(
        read,
        "customer",
        location_id=location_id,
        user_name=user_name,
        closed=closed,
        cursor=cursor,
        limit=limit,
    )
    return Page(items=[AccountOut.model_validate(row) for row in rows], next=more)


@router.post("", status_code=201, responses=_TAKEN)
async def invite(who: Manager, here: Here, response: Response, body: AccountNew) -> AccountOut:
    """Invites a person to the portal; the user name is the e-mail address."""
    secret = await new_password(here) if body.send else None
    async with here.work() as work:
        values = body.model_dump(exclude={"send"})
        row = await accounts.invite(work, **values, who=who.subject)
        if secret:
            row = await mail_invitation(work, row["id"], kind="customer", secret=secret, who=who.subject)
    return made(response, "accounts", row)


@router.get("/{id}", responses=_NONE)
async def read_account(_who: Manager, read: Reading, response: Response, id: UUID) -> AccountOut:
    row = await one(read, id, "customer")
    set_etag(response, row.version)
    return AccountOut.model_validate(row)


@router.patch("/{id}", responses=_NONE)
async def edit_account(
    who: Manager, work: Writing, response: Response, id: UUID, based_on: BasedOn, body: AccountEdit
) -> AccountOut:
    """Changes the name, or who is an administrator; the latter ends the account's sessions."""
    values = body.model_dump(exclude_unset=True)
    if "administrator" in values:
        values["role"] = accounts.customer_role(values.pop("administrator"))
    row = await accounts.edit(work, id, kind="customer", based_on=based_on, values=values, who=who.subject)
    set_etag(response, row["version"])
    return AccountOut.model_validate(row)


@router.delete("/{id}", status_code=204, responses=_NONE)
async def revoke_account(who: Manager, work: Writing, id: UUID, based_on: BasedOn) -> None:
    """Closes the account, and ends its sessions."""
    await accounts.close(work, id, kind="customer", based_on=based_on, who=who.subject)


@router.post("/{id}/password", responses=_NONE)
async def generate_password(who: Manager, here: Here, id: UUID) -> OneTimePassword:
    """A one-time password, shown this once. It must be changed at the first logon, within seven days."""
    return await generated(here, id, "customer", who.subject)


@router.post("/{id}/invitation", status_code=202, response_model=AccountOut, responses=_NONE)
async def send_password(who: Manager, here: Here, id: UUID) -> Any:
    """Mails the web address, the user name and a new one-time password; one given before is void."""
    secret = await new_password(here)
    async with here.work() as work:
        return await mail_invitation(work, id, kind="customer", secret=secret, who=who.subject)


def made(response: Response, path: str, row: accounts.Row) -> AccountOut:
    response.headers["Location"] = f"/v1/{path}/{row['id']}"
    set_etag(response, row["version"])
    return AccountOut.model_validate(row)


async def new_password(here: Any) -> tuple[str, str]:
    """A one-time password and its hash, made before the transaction that must not wait for it."""
    password = passwords.one_time_password()
    return password, await hashed(here, password)


async def generated(here: Any, id: UUID, kind: str, who: str) -> OneTimePassword:
    password, hashed = await new_password(here)
    async with here.work() as work:
        row = await accounts.give_one_time_password(
            work, id, kind=kind, hashed=hashed, action="account.password_generated", who=who
        )
        if row["state"] == "elsewhere":
            raise conflict("This person has an account elsewhere", "Close one of the two, then invite again.")
    return OneTimePassword(user_name=row["user_name"], password=password, ends_at=row["password_ends_at"])
