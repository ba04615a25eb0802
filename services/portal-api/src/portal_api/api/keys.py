"""/v1/jwks, /v1/signing-keys"""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from shared.auth import ADMIN, Principal, allow, allow_anyone
from shared.transaction import open_work
from shared.work import Work

from portal_api.flows.keys import rotate
from portal_api.queries.keys import key_set, published_keys
from portal_api.schemas.tokens import KeySet, Rotation, SigningKey
from portal_api.tokens import AHEAD

router = APIRouter(tags=["signing keys"])
Administrator = Annotated[Principal, Depends(allow(*ADMIN, clients=False))]


@router.get("/v1/jwks", dependencies=[Depends(allow_anyone)], response_model=KeySet)
@router.get("/.well-known/jwks.json", dependencies=[Depends(allow_anyone)], response_model=KeySet)
async def read_jwks(request: Request, response: Response) -> Any:
    """The public keys that sign access tokens (RFC 7517). A new key is here 15 minutes before it signs."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return await key_set(request.scope["callboard.running"])


@router.get("/v1/signing-keys", response_model=list[SigningKey])
async def list_signing_keys(_who: Administrator, request: Request) -> Any:
    """Those that are published, the newest first."""
    return await published_keys(request.scope["callboard.running"])


@router.post("/v1/signing-keys", status_code=204)
async def rotate_signing_key(
    who: Administrator, work: Annotated[Work[Any], Depends(open_work)], body: Rotation
) -> None:
    """Makes a new key now; otherwise one is made when the newest is `CALLBOARD_SIGNING_KEY_DAYS` old."""
    ahead = timedelta() if body.at_once else AHEAD
    await rotate(work, who=who.subject, ahead=ahead, withdraw=body.at_once)
