"""/v1/session: logging on and out, and what keeps a session alive."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from shared.db import Row, utcnow
from shared.problems import Problem, not_found
from shared.turns import first_in_line

from portal_api.api.depends import Here, here_of
from portal_api.api.signed_in import (
    COOKIE,
    OPEN,
    OURS,
    Session,
    Settled,
    address_of,
    forget_cookie,
    session_by,
    set_cookie,
    settled,
)
from portal_api.api.tries import try_password
from portal_api.flows.keys import current_key, opened
from portal_api.flows.logon import log_on, refused
from portal_api.flows.sessions import be_active, end_session, end_sessions, end_token
from portal_api.flows.throttle import (
    DEVICE_DAYS,
    device_cookie,
    forgive,
    new_device,
)
from portal_api.flows.tokens import access_token
from portal_api.queries.sessions import IDLE, session_and_key, session_of, sessions_of
from portal_api.schemas.sessions import AccessToken, Activity, Logon, OpenSession, SessionOut

router = APIRouter(prefix="/v1/session", tags=["session"])
TOKEN_SECONDS = 120
_NO_SESSION: dict[int | str, Any] = {401: {"description": "There is no session, or it has ended."}}
_FOREIGN: dict[int | str, Any] = {**_NO_SESSION, 403: {"description": "Not from our own pages."}}
_MUST_CHANGE: dict[int | str, Any] = {
    **_NO_SESSION,
    403: {"description": "The password must be changed first."},
}
_LOGON: dict[int | str, Any] = {
    401: {"description": "Not right, or a code is needed (`code_needed`)."},
    403: {"description": "Not from our own pages."},
    429: {"description": "Too many tries; see Retry-After."},
}


@router.post("", dependencies=OURS, responses=_LOGON)
@first_in_line
async def log_on_(request: Request, here: Here, response: Response, body: Logon) -> SessionOut:
    """Sets the cookie `__Host-callboard`. The same answer for a wrong name and a wrong password."""
    name = body.user_name.strip().lower()
    tried = await try_password(request, here, name, body.password)
    if tried.account is None or not tried.right:
        await _refuse(request, here, tried.account)
        raise refused()
    try:
        async with here.work() as work:
            await end_token(work, request.cookies.get(COOKIE, ""))
            token = await log_on(
                work,
                tried.account,
                code=body.code.get_secret_value() if body.code else None,
                renewed=tried.renewed,
                address=address_of(request),
                agent=request.headers.get("user-agent", ""),
            )
            await forgive(work, tried.spent)
            session = await session_of(work.session, token, work.now)
    except Problem:
        await _refuse(request, here, tried.account)
        raise
    set_cookie(response, COOKIE, token)
    device = new_device(here.settings, name, tried.renewed or tried.account.password_hash, utcnow())
    set_cookie(response, device_cookie(name), device, DEVICE_DAYS)
    return shown(session)


async def _refuse(request: Request, here: Any, account: Row | None) -> None:
    """Leaves a trace at the account that was tried; the tries are bounded (`flows.throttle`). Where there is
    no such account it costs the same, so that time does not tell."""
    async with here.work() as work:
        who, subject = (f"{account.user_name}?", str(account.id)) if account else ("unknown", "unknown")
        after = {"address": address_of(request)}
        work.audit(who=who, action="account.logon_refused", subject=subject, after=after)


def shown(session: Row) -> SessionOut:
    ends = min(session.active_at + IDLE, session.ends_at)
    return SessionOut.model_validate({**session._mapping, "idle_ends_at": ends})


@router.get("", dependencies=OPEN, responses=_NO_SESSION)
async def read_session(session: Session) -> SessionOut:
    """Whose session this is and when it ends. Asking is not activity."""
    return shown(session)


@router.delete("", dependencies=OURS, status_code=204, responses=_FOREIGN)
async def log_out(session: Session, here: Here, response: Response) -> None:
    """Ends this session. Its access tokens end within two minutes."""
    async with here.work() as work:
        await end_session(work, session.id, session.account_id)
        work.audit(who=str(session.account_id), action="account.logged_out", subject=session.account_id)
    forget_cookie(response)


@router.post("/activity", dependencies=OURS, responses=_FOREIGN)
async def be_active_(session: Session, here: Here) -> Activity:
    """For what a person does (a key, a click), never for what a page does by itself."""
    async with here.work() as work:
        ends = await be_active(work, session.id)
    if ends is None:
        raise not_found("session")
    return Activity(idle_ends_at=ends)


@router.post("/token", dependencies=OURS, responses=_MUST_CHANGE, response_model=AccessToken)
@first_in_line
async def exchange(request: Request) -> Response:
    """An access token of at most two minutes, with the role that the account has now. Not activity."""
    here, session = here_of(request), settled(await session_by(request, session_and_key))
    signer = opened(here.settings, session)
    if signer is None:
        async with here.work() as work:
            signer = await current_key(work)
    seconds = max(1, min(TOKEN_SECONDS, int((session.ends_at - utcnow()).total_seconds())))
    token = access_token(signer, subject=str(session.account_id), roles=[session.role], seconds=seconds)
    body = AccessToken(access_token=token, expires_in=seconds).model_dump_json()
    return Response(body, media_type="application/json")


@router.get("/all", dependencies=OPEN, responses=_MUST_CHANGE)
async def list_sessions(session: Settled, here: Here) -> list[OpenSession]:
    """My open sessions, the newest first."""
    async with here.database.read() as read:
        rows = await sessions_of(read, session.account_id, utcnow())
    return [OpenSession.model_validate({**row._mapping, "current": row.id == session.id}) for row in rows]


@router.delete("/all", dependencies=OURS, status_code=204, responses=_MUST_CHANGE)
async def end_all(session: Settled, here: Here, response: Response) -> None:
    """Logs me out everywhere, here too."""
    async with here.work() as work:
        await end_sessions(work, session.account_id)
        work.audit(
            who=str(session.account_id), action="account.logged_out_everywhere", subject=session.account_id
        )
    forget_cookie(response)


@router.delete("/all/{id}", dependencies=OURS, status_code=204, responses=_MUST_CHANGE)
async def end_one(session: Settled, here: Here, id: UUID) -> None:
    """Ends one of my sessions."""
    async with here.work() as work:
        if not await end_session(work, id, session.account_id):
            raise not_found("session")
        work.audit(who=str(session.account_id), action="account.session_ended", subject=session.account_id)
