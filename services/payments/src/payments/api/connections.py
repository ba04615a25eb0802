"""/v1/gateway-accounts/{id}/connect and the way back from Intuit's page"""

import html
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from shared.auth import ADMIN, Principal, allow, allow_anyone

from payments.api.checkouts import plain_page
from payments.api.depends import At
from payments.api.guard import GUARDED
from payments.flows import connections
from payments.schemas.connections import Begun, Disconnected

router = APIRouter(prefix="/v1", tags=["gateways"])
Person = Annotated[Principal, Depends(allow(*ADMIN, clients=False))]
OPEN = [Depends(allow_anyone)]
COOKIE = "__Host-callboard-connect"
_SAYS = {
    "connected": "QuickBooks Payments is connected.",
    "refused": "QuickBooks Payments was not connected: the consent was not given.",
    "stale": "This was not begun in this browser, was used already, or took too long. Connect again.",
    "failed": "Intuit did not connect the account. Check client ID, client secret and redirect address, and "
    "connect again.",
}


@router.post("/gateway-accounts/{id}/connect", dependencies=GUARDED)
async def connect_account(who: Person, at: At, response: Response, id: UUID) -> Begun:
    """Send the browser that asks to `url`, within ten minutes: it gets a cookie here that must come back."""
    async with at.work() as work:
        begun = await connections.begin(work, account_id=id, who=who.subject)
    seconds = int(connections.GOOD_FOR.total_seconds())
    response.set_cookie(
        COOKIE, begun.browser, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax"
    )
    redirect = connections.redirect_url(at.settings)
    return Begun(url=begun.url, redirect_url=redirect, expires_at=begun.expires_at)


@router.post("/gateway-accounts/{id}/disconnect", dependencies=GUARDED)
async def disconnect_account(who: Person, at: At, id: UUID) -> Disconnected:
    """Forgets the tokens and tells Intuit to take them no more."""
    revoked = await connections.disconnect(at, account_id=id, who=who.subject)
    said = "The account is disconnected."
    if not revoked:
        said += " Intuit could not be told: disconnect the app in your Intuit account too."
    return Disconnected(revoked=revoked, said=said)


@router.get(
    "/gateway-connections/return", status_code=303, response_class=RedirectResponse, dependencies=OPEN
)
async def come_back(at: At, request: Request) -> Response:
    """Not guarded against card numbers: Intuit's number of a company may look like one. The address has
    secrets in it, so the browser goes on to one that has none."""
    said = request.query_params
    ended = await connections.finish(
        at,
        state=said.get("state", ""),
        browser=request.cookies.get(COOKIE, ""),
        code=said.get("code", ""),
        company=said.get("realmId", ""),
        error=said.get("error", ""),
    )
    answer = RedirectResponse(f"/v1/gateway-connections/{ended}", 303)
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return answer


@router.get("/gateway-connections/{ended}", response_class=HTMLResponse, dependencies=[*OPEN, *GUARDED])
async def show_end(at: At, ended: connections.Ended) -> HTMLResponse:
    links = f'<a href="{html.escape(at.settings.web_url)}">Back</a>'
    return plain_page("Connect to QuickBooks", _SAYS[ended], links)
