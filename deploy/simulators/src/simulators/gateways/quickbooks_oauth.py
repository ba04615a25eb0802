"""The simulated Intuit's logon: the page of Connect to QuickBooks, and tokens that change every time."""

import base64
import json
import secrets
from typing import Annotated, NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode

from fastapi import APIRouter, Header, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from simulators.gateways.house import PAGE, root, template

SCOPE = "com.intuit.quickbooks.payment"
REALM = "4620816365012345676"  # real ones, too, may look like a card number
router = APIRouter()


class Code(NamedTuple):
    """What was given out, for whom; the redirect must be the same when it comes back."""

    value: str
    client_id: str
    redirect_uri: str


@router.get("/connect/oauth2", include_in_schema=False)
async def ask(
    request: Request, client_id: str, response_type: str, scope: str, redirect_uri: str, state: str
) -> HTMLResponse:
    """Where the owner of the company consents."""
    if response_type != "code" or SCOPE not in scope.split() or not state or not redirect_uri:
        raise HTTPException(400, "not a request for a code of QuickBooks Payments")
    html = template("connect.html").render(client_id=client_id, root=root(request))
    return HTMLResponse(html, headers=PAGE)


@router.post("/connect/oauth2", include_in_schema=False)
async def decide(request: Request, client_id: str, redirect_uri: str, state: str) -> Response:
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    if form.get("decision") != "connect":
        return _back(redirect_uri, error="access_denied", state=state)
    code = request.app.state.code = Code(secrets.token_urlsafe(16), client_id, redirect_uri)
    return _back(redirect_uri, code=code.value, state=state, realmId=REALM)


@router.post("/oauth2/v1/tokens/bearer")
async def token(request: Request, authorization: Annotated[str, Header()] = "") -> JSONResponse:
    form, state = dict(parse_qsl((await request.body()).decode())), request.app.state
    if not (client := _client(authorization)):
        return JSONResponse({"error": "invalid_client"}, 401)
    code: Code | None = state.code
    if form.get("grant_type") == "authorization_code":
        asked = Code(form.get("code", ""), client, form.get("redirect_uri", ""))
        good, state.code = code is not None and code == asked, None
    else:
        good = state.refresh is not None and form.get("refresh_token") == state.refresh
    if not good:
        wrong = {"error": "invalid_grant", "error_description": "Incorrect Token type or clientID"}
        return JSONResponse(wrong, 400)
    state.access, state.refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    pair = {"access_token": state.access, "refresh_token": state.refresh}
    lasts = {"expires_in": 3600, "x_refresh_token_expires_in": 8726400}
    return JSONResponse({"token_type": "bearer", **pair, **lasts})


@router.post("/v2/oauth2/tokens/revoke")
async def revoke(request: Request, authorization: Annotated[str, Header()] = "") -> Response:
    state = request.app.state
    try:
        given = json.loads(await request.body())["token"]
    except (ValueError, KeyError, TypeError):
        given = None
    if not _client(authorization) or given is None or given not in (state.access, state.refresh):
        return JSONResponse({"error": "invalid_request"}, 400)
    state.access = state.refresh = None
    return Response(status_code=200)


def _client(authorization: str) -> str:
    """Whoever has a secret is let in; its id."""
    try:
        id, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    except ValueError:
        return ""
    return unquote(id) if secret else ""


def _back(url: str, **query: str) -> Response:
    return RedirectResponse(f"{url}{'&' if '?' in url else '?'}{urlencode(query)}", 303)
