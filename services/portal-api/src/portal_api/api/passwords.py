"""Changing a password, and getting in again without one."""

from typing import Any

from fastapi import APIRouter, Request, Response
from shared.db import utcnow
from shared.problems import Problem

from portal_api import passwords
from portal_api.api.depends import Here
from portal_api.api.session import shown
from portal_api.api.signed_in import (
    COOKIE,
    OPEN,
    OURS,
    Session,
    address_of,
    set_cookie,
)
from portal_api.api.tries import hashed, try_password
from portal_api.flows.accounts import choose_password
from portal_api.flows.resets import ask, confirm, link_ended
from portal_api.flows.sessions import begin
from portal_api.flows.throttle import (
    DEVICE_DAYS,
    address_budget,
    device_cookie,
    forgive,
    new_device,
    spend,
    too_many,
)
from portal_api.queries.accounts import by_reset_token
from portal_api.queries.company import read_company
from portal_api.queries.sessions import session_of
from portal_api.schemas.sessions import PasswordChange, ResetAsked, ResetConfirmed, SessionOut

router = APIRouter(prefix="/v1", tags=["session"])
_WEAK = {"description": "The new password is refused; `detail` says why."}
_TOO_MANY = {"description": "Too many tries; see Retry-After."}
_CHANGE: dict[int | str, Any] = {
    401: {"description": "There is no session."},
    403: {"description": "The present password is not right."},
    422: _WEAK,
    429: _TOO_MANY,
}


@router.post("/session/password", dependencies=OURS, responses=_CHANGE)
async def change_password(
    request: Request, session: Session, here: Here, response: Response, body: PasswordChange
) -> SessionOut:
    """Ends the other sessions and gives this one a new cookie."""
    await _strong(here, body.new_password.get_secret_value(), session.user_name)
    tried = await try_password(request, here, session.user_name, body.password)
    if not tried.right:
        raise Problem(403, "The present password is not right", 'Try again, or choose "I lost my password".')
    if body.new_password == body.password:
        raise Problem(422, "The new password is refused", "It is the present one. Choose another one.")
    new = await hashed(here, body.new_password.get_secret_value())
    async with here.work() as work:
        await choose_password(
            work,
            session.account_id,
            hashed=new,
            action="account.password_changed",
            who=str(session.account_id),
        )
        token = await begin(
            work,
            session.account_id,
            address=address_of(request),
            agent=request.headers.get("user-agent", ""),
        )
        await forgive(work, tried.spent)
        found = await session_of(work.session, token, work.now)
    set_cookie(response, COOKIE, token)
    _know_device(here, response, session.user_name, new)
    return shown(found)


@router.post("/password-resets", dependencies=OPEN, status_code=202, responses={429: _TOO_MANY})
async def ask_for_reset(request: Request, here: Here, body: ResetAsked) -> dict[str, str]:
    """The same answer whether or not there is such an account; a mail tells its owner."""
    async with here.work() as work:
        wait = await spend(work, [address_budget(here.settings, address_of(request), "resets")])
        if wait is None:
            await ask(work, body.user_name.strip().lower())
    if wait is not None:
        raise too_many(wait)
    return {"detail": "If there is such an account, a mail with a link is on its way to it."}


@router.post(
    "/password-resets/confirmation",
    dependencies=OPEN,
    status_code=204,
    responses={410: {"description": "The link was used or has ended."}, 422: _WEAK},
)
async def confirm_reset(here: Here, response: Response, body: ResetConfirmed) -> None:
    """Uses the link up: sets the password and ends all sessions. This device is known from now on."""
    token = body.token.get_secret_value()
    async with here.database.read() as read:
        account = await by_reset_token(read, token, utcnow())
    if account is None:
        raise link_ended()
    await _strong(here, body.new_password.get_secret_value(), account.user_name)
    new = await hashed(here, body.new_password.get_secret_value())
    async with here.work() as work:
        await confirm(work, token, hashed=new)
    _know_device(here, response, account.user_name, new)


def _know_device(here: Any, response: Response, user_name: str, password_hash: str) -> None:
    device = new_device(here.settings, user_name, password_hash, utcnow())
    set_cookie(response, device_cookie(user_name), device, DEVICE_DAYS)


async def _strong(here: Any, password: str, user_name: str) -> None:
    async with here.database.read() as read:
        company = await read_company(read)
    reason = passwords.weakness(password, [user_name, company.about.name])
    if reason is not None:
        raise Problem(422, "The new password is refused", reason)
