"""/v1/stream: what changes, while it changes."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request
from shared.auth import OFFICE, STAFF, Principal, allow, unauthorised
from shared.db import utcnow
from shared.problems import Problem

from portal_api.api.depends import CUSTOMERS, Here
from portal_api.api.event_stream import EventStream
from portal_api.api.signed_in import COOKIE
from portal_api.hub import Audience, Listener
from portal_api.queries.sessions import session_of
from portal_api.queries.stream import listening_role, open_accounts

router = APIRouter(tags=["stream"])

# OpenAPI before 3.2 lets `schema` describe each event of a stream
_TEXT = {"type": "string"}
_EVENT = {"type": "object", "properties": {"id": _TEXT, "event": _TEXT, "data": _TEXT, "retry": {}}}
_allowed = allow(*STAFF, *CUSTOMERS)


async def _audience(request: Request, here: Here) -> Audience:
    """By access token; without one by the session's cookie, since a browser's EventSource sets no headers.
    To listen is no activity: the session ends as if nobody listened."""
    if "authorization" not in request.headers and COOKIE in request.cookies:
        return await _by_session(request, here)
    principal: Principal = await _allowed(request)
    if principal.roles & set(STAFF):
        role = "office" if principal.roles & set(OFFICE) else "technician"
        return Audience(principal.subject, role, ends=principal.expires)
    async with here.database.read() as read:
        found = await open_accounts(read, [_uuid(principal.subject)])
    if not found or found[0].role not in principal.roles:
        raise unauthorised("This account was closed or changed: sign in again")
    return Audience(principal.subject, found[0].role, found[0].location_id, ends=principal.expires)


_audience.roles, _audience.clients = (*STAFF, *CUSTOMERS), True  # pyright: ignore[reportFunctionMemberAccess]


async def _by_session(request: Request, here: Any) -> Audience:
    async with here.database.read() as read:
        found = await session_of(read, request.cookies[COOKIE], utcnow())
    if found is None:
        raise unauthorised("Sign in first")
    if found.must_change:
        raise Problem(403, "Choose a password of your own first", "POST /v1/session/password.")
    return Audience(str(found.account_id), listening_role(found.role), found.location_id, found.id)


def _uuid(subject: str) -> UUID:
    try:
        return UUID(subject)
    except ValueError:
        raise unauthorised("This account was closed or changed: sign in again") from None


@router.get(
    "/v1/stream",
    status_code=200,
    response_class=EventStream,
    responses={
        200: {
            "content": {"text/event-stream": {"schema": _EVENT}},
            "description": "Server-sent events, without an end.",
        },
        429: {"description": "Too many streams of this account."},
        503: {"description": "Too many streams."},
    },
)
async def listen(
    audience: Annotated[Audience, Depends(_audience)],
    here: Here,
    last_event_id: Annotated[str | None, Header(description="Number of the last event seen.")] = None,
) -> EventStream:
    """Each event's data is `{type, id, subject, version, changed}`: it says what to load again. Staff hear of
    everything, technicians of dispatches; customers of their location's dispatches, and administrators of its
    invoices.

    With `Last-Event-ID` a stream goes on where the last one ended. An event `reset` says that something may
    have been missed: load everything anew. An event `end` says that the right to listen, or this stream's
    hour, is over: come again.
    """
    hub, settings = here.tools.hub, here.settings
    if hub.count(audience.account) >= settings.stream_account_connections:
        raise _later(429, "Too many live streams of this account")
    if len(hub.listeners) >= settings.stream_connections:
        raise _later(503, "Too many live streams")
    return EventStream(here, Listener(audience), last_event_id)


def _later(status: int, title: str) -> Problem:
    problem = Problem(status, title, "Close one, or try again in 30 seconds.")
    problem.headers["Retry-After"] = "30"
    return problem
