"""/v1/session/totp: the second factor of staff."""

from typing import Any

from fastapi import APIRouter, Request
from shared.problems import Problem

from portal_api.api.depends import Here
from portal_api.api.signed_in import OURS, Settled
from portal_api.api.tries import try_password
from portal_api.flows.logon import begin_totp, turn_off_totp, turn_on_totp
from portal_api.flows.throttle import forgive
from portal_api.queries.company import read_company
from portal_api.schemas.sessions import Confirmed, RecoveryCodes, TotpBegun, TotpCode

router = APIRouter(prefix="/v1/session/totp", tags=["session"], dependencies=OURS)
_REFUSED: dict[int | str, Any] = {
    401: {"description": "There is no session."},
    403: {"description": "The password is not right, or must be changed first."},
    404: {"description": "Customers have no second factor."},
    429: {"description": "Too many tries; see Retry-After."},
}
_STATE: dict[int | str, Any] = {409: {"description": "It is on already, or was not begun."}}


@router.post("", responses=_REFUSED | _STATE)
async def begin(request: Request, session: Settled, here: Here, body: Confirmed) -> TotpBegun:
    """Needs the password. Nothing changes until POST /v1/session/totp/confirmation has seen a code."""
    await _is_me(request, session, here, body)
    async with here.work() as work:
        company = (await read_company(work.session)).about.name or "Callboard"
        secret, uri, qr = await begin_totp(work, session.account_id, company)
    return TotpBegun(secret=secret, uri=uri, qr=qr)


@router.post("/confirmation", responses=_REFUSED | _STATE)
async def turn_on(session: Settled, here: Here, body: TotpCode) -> RecoveryCodes:
    """From now on a logon needs a code, or one of these recovery codes."""
    async with here.work() as work:
        codes = await turn_on_totp(work, session.account_id, body.code.get_secret_value())
    return RecoveryCodes(codes=codes)


@router.post("/removal", status_code=204, responses=_REFUSED)
async def turn_off(request: Request, session: Settled, here: Here, body: Confirmed) -> None:
    """Needs the password."""
    await _is_me(request, session, here, body)
    async with here.work() as work:
        await turn_off_totp(work, session.account_id, who=str(session.account_id))


async def _is_me(request: Request, session: Any, here: Any, body: Confirmed) -> None:
    """Whoever found an open session does not know the password."""
    tried = await try_password(request, here, session.user_name, body.password)
    if not tried.right:
        raise Problem(403, "The password is not right", "Try again.")
    async with here.work() as work:
        await forgive(work, tried.spent)
