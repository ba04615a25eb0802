"""/v1/oauth/token"""

import time
from typing import Any
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from shared.auth import allow_anyone
from shared.service import Running
from shared.turns import first_in_line

from portal_api.flows.clients import token_for
from portal_api.oauth import FORM, LARGEST, Failures, TokenRefused, read_request
from portal_api.schemas.tokens import Token, TokenError
from portal_api.tokens import LONGEST

router = APIRouter(tags=["API clients"])
_failures: WeakKeyDictionary[Running[Any], Failures] = WeakKeyDictionary()
_NEVER_KEPT = {"Pragma": "no-cache"}  # as RFC 6749, 5.1 asks, beside Cache-Control
_TEXT = {"type": "string"}
_PROPERTIES = {
    "grant_type": {"type": "string", "enum": ["client_credentials"]},
    "scope": {"type": "string", "description": "Parted by spaces. Left out: all that the client has."},
    "client_id": _TEXT,
    "client_secret": _TEXT,
}
_FORM = {"schema": {"type": "object", "required": ["grant_type"], "properties": _PROPERTIES}}


@router.post(
    "/v1/oauth/token",
    dependencies=[Depends(allow_anyone)],
    response_model=Token,
    responses={
        400: {
            "model": TokenError,
            "description": "invalid_request, invalid_scope or unsupported_grant_type.",
        },
        401: {"model": TokenError, "description": "invalid_client."},
        429: {"model": TokenError, "description": "Too many failures from this address: see Retry-After."},
    },
    openapi_extra={"requestBody": {"required": True, "content": {FORM: _FORM}}},
)
@first_in_line
async def fetch_token(request: Request) -> JSONResponse:
    """Client credentials (RFC 6749, 4.4): client id and secret as HTTP Basic or in the form, for an access
    token of 15 minutes. Fetch another one shortly before it ends."""
    running: Running[Any] = request.scope["callboard.running"]
    try:
        asked = read_request(request.headers, await _body(request))
        async with running.work() as work:
            token, scopes = await token_for(work, asked)
    except TokenRefused as refused:
        return _refusal(request, running, refused)
    found = Token(access_token=token, expires_in=LONGEST, scope=" ".join(scopes))
    return JSONResponse(found.model_dump(), headers=_NEVER_KEPT)


async def _body(request: Request) -> bytes:
    """No more of it than can be right."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            break
    return body


def _refusal(request: Request, running: Running[Any], refused: TokenRefused) -> JSONResponse:
    """Right credentials always come in: a secret cannot be guessed, so the throttle is against noise, and
    must lock nobody out who shares an address with it."""
    headers, status = dict(_NEVER_KEPT), refused.status
    body = TokenError.model_validate({"error": refused.error, "error_description": refused.description})
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="Callboard"'
        address = request.client.host if request.client else ""
        wait = _failures.setdefault(running, Failures()).add(address, time.monotonic())
        if wait:
            status, headers["Retry-After"] = 429, str(int(wait) + 1)
            body = TokenError(error="temporarily_unavailable", error_description="Too many failures: wait.")
    return JSONResponse(body.model_dump(), status, headers)
