"""/v1/gateway-webhooks: what gateways tell"""

import asyncio
from typing import Any

from fastapi import APIRouter, Depends, Request
from shared.auth import allow_anyone
from shared.problems import Problem, not_found

from payments.api.depends import At
from payments.flows.believing import believed, keep
from payments.gateways import ACCOUNTS
from payments.gateways.scrub import KEPT, scrub

router = APIRouter(prefix="/v1/gateway-webhooks", tags=["webhooks"], dependencies=[Depends(allow_anyone)])
_LONGEST = 1_000_000
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}
_UNSIGNED: dict[int | str, Any] = {400: {"description": "It is not signed as the gateway signs."}}


@router.post("/{gateway}", openapi_extra=_BODY, responses=_UNSIGNED)
async def hear(at: At, request: Request, gateway: str) -> dict[str, bool]:
    """Believed only with the gateway's signature. Answered once it is stored; a repeat is answered alike."""
    if gateway not in ACCOUNTS:
        raise not_found("gateway")
    body = await _body(request)
    found = await believed(at, gateway, body, dict(request.headers))
    if found is None:
        raise Problem(400, "This is not signed as the gateway signs", "Check the webhook's secret.")
    account_id, heard = found
    await keep(at, account_id=account_id, heard=heard, body=await asyncio.to_thread(_stored, body))
    return {"received": True}


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST:
            raise Problem(413, "This is too long")
    return bytes(body)


def _stored(body: bytes) -> bytes:
    return scrub(body.decode("utf-8", "replace"), keep=KEPT).encode()
