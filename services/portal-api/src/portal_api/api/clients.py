"""/v1/api-clients"""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from shared.auth import ADMIN, Principal, allow
from shared.etag import BasedOn, set_etag
from shared.pages import Cursor, Limit, Page
from shared.transaction import open_read, open_secret_work, open_work
from shared.work import Work
from sqlalchemy.ext.asyncio import AsyncConnection

from portal_api.flows.clients import create_client, revoke_client, rotate_secret
from portal_api.queries.clients import one_client, page_of_clients
from portal_api.schemas.tokens import ApiClientNew, ApiClientOut, ApiClientSecret, SecretNew

router = APIRouter(prefix="/v1/api-clients", tags=["API clients"])
Administrator = Annotated[Principal, Depends(allow(*ADMIN, clients=False))]
Reading = Annotated[AsyncConnection, Depends(open_read)]
Showing = Annotated[Work[Any], Depends(open_secret_work)]


@router.get("")
async def list_api_clients(
    _who: Administrator, read: Reading, cursor: Cursor = None, limit: Limit = 50
) -> Page[ApiClientOut]:
    """Revoked ones too, the newest first."""
    rows, more = await page_of_clients(read, cursor=cursor, limit=limit)
    return Page(items=[ApiClientOut.model_validate(row) for row in rows], next=more)


@router.post("", status_code=201)
async def create_api_client(
    who: Administrator, work: Showing, response: Response, body: ApiClientNew
) -> ApiClientSecret:
    """A program that may use the API. Its secret is in this answer and nowhere else."""
    row, secret = await create_client(work, **body.model_dump(), who=who.subject)
    response.headers["Location"] = f"/v1/api-clients/{row.id}"
    return _shown(response, row, secret)


@router.get("/{id}")
async def read_api_client(_who: Administrator, read: Reading, response: Response, id: UUID) -> ApiClientOut:
    row = await one_client(read, id)
    set_etag(response, row.version)
    return ApiClientOut.model_validate(row)


@router.post("/{id}/secrets", status_code=201)
async def rotate_api_client_secret(
    who: Administrator, work: Showing, response: Response, id: UUID, based_on: BasedOn, body: SecretNew
) -> ApiClientSecret:
    """A new secret. The present one stays good for the overlap, the one before it ends now."""
    overlap = timedelta(seconds=body.overlap_seconds)
    row, secret = await rotate_secret(work, id=id, based_on=based_on, overlap=overlap, who=who.subject)
    return _shown(response, row, secret)


@router.delete("/{id}", status_code=204)
async def revoke_api_client(
    who: Administrator, work: Annotated[Work[Any], Depends(open_work)], id: UUID, based_on: BasedOn
) -> None:
    """It gets no more tokens; those that it has end within 15 minutes."""
    await revoke_client(work, id=id, based_on=based_on, who=who.subject)


def _shown(response: Response, row: Any, secret: str) -> ApiClientSecret:
    set_etag(response, row.version)
    return ApiClientSecret(**ApiClientOut.model_validate(row).model_dump(), client_secret=secret)
