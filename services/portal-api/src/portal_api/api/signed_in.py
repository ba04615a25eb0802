"""The session cookie: who sends it, and that this site's own pages do."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from shared.auth import ANYONE, allow_anyone
from shared.db import Row, utcnow
from shared.problems import Problem

from portal_api.api.depends import here_of
from portal_api.queries.sessions import session_of

COOKIE = "__Host-callboard"


async def from_here(request: Request) -> None:
    """Refuses unsafe requests that another site's page made with our cookie: a form of theirs has another
    Origin and cannot set a header, and we answer no preflight."""
    origin = request.headers.get("origin")
    if "x-requested-with" not in request.headers and origin != _origin(here_of(request).settings.web_url):
        raise Problem(
            403,
            "This request does not come from our own pages",
            "Send the header X-Requested-With, or an Origin equal to CALLBOARD_WEB_URL.",
        )


from_here.roles = ANYONE  # pyright: ignore[reportFunctionMemberAccess]  # who holds the cookie, or nobody


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3])


async def session_by(request: Request, find: Callable[..., Awaitable[Row | None]]) -> Row:
    """What `find`, one of queries.sessions, knows of the cookie's session. Raises 401."""
    token = request.cookies.get(COOKIE, "")
    async with here_of(request).database.read() as read:
        row = await find(read, token, utcnow()) if token else None
    if row is None:
        raise Problem(401, "Sign in first", "There is no session, or it has ended.")
    return row


async def _session(request: Request) -> Row:
    return await session_by(request, session_of)


def settled(session: Row) -> Row:
    """Raises 403 while the password must be changed."""
    if session.must_change:
        raise Problem(
            403, "Choose a password of your own first", "POST /v1/session/password.", must_change=True
        )
    return session


async def _settled(request: Request) -> Row:
    return settled(await _session(request))


Session = Annotated[Any, Depends(_session)]
"""The session of the cookie (queries.sessions.session_of). Raises 401."""
Settled = Annotated[Any, Depends(_settled)]
"""The same, but 403 while the password must be changed."""
OURS = [Depends(from_here)]
"""Dependencies of unsafe routes that are open to everybody, or to who holds the cookie."""
OPEN = [Depends(allow_anyone)]


def set_cookie(response: Response, name: str, value: str, days: int | None = None) -> None:
    """Without `days` it ends with the browser's session; the server's clock ends it earlier."""
    seconds = days * 86_400 if days else None
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def forget_cookie(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")


def address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"
