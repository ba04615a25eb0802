"""API clients: programs that come in with a secret, and get access tokens for it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.db import Row, uuid7
from shared.etag import check_version
from shared.problems import conflict, not_found
from shared.work import Work
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from portal_api.flows.tokens import issue
from portal_api.models.tokens import api_client
from portal_api.oauth import Asked, TokenRefused, invalid_client
from portal_api.tokens import LONGEST, digest, new_secret, same

_NOBODY = UUID(int=0)
_SEEN = timedelta(minutes=1)


async def create_client(
    work: Work[Any], *, name: str, roles: list[str], scopes: list[str], who: str
) -> tuple[Row, str]:
    """The client and its secret, which is kept nowhere. Raises 409 for a name that is taken."""
    id, secret = uuid7(), new_secret()
    row = {
        "id": id,
        "version": 1,
        "name": name,
        "roles": roles,
        "scopes": scopes,
        "secret_hash": digest(secret),
        "created_at": work.now,
        "created_by": who,
    }
    try:
        async with work.session.begin_nested():
            await work.session.execute(insert(api_client), [row])
    except IntegrityError:
        raise conflict("There is an API client of this name", "Choose another one, or revoke that.") from None
    after = {"name": name, "roles": roles, "scopes": scopes}
    work.audit(who=who, action="api_client.created", subject=id, after=after)
    return await _locked(work, id), secret


async def rotate_secret(
    work: Work[Any], *, id: UUID, based_on: int, overlap: timedelta, who: str
) -> tuple[Row, str]:
    """A new secret; the present one stays good for `overlap`. Raises 404, 409 for a revoked client, 412."""
    row = await _open(work, id, based_on)
    secret = new_secret()
    values = {
        "secret_hash": digest(secret),
        "previous_hash": row.secret_hash if overlap else None,
        "previous_until": work.now + overlap if overlap else None,
        "version": row.version + 1,
    }
    await work.session.execute(update(api_client).where(api_client.c.id == id).values(values))
    after = {"overlap_seconds": overlap.total_seconds()}
    work.audit(who=who, action="api_client.secret_rotated", subject=id, after=after)
    return await _locked(work, id), secret


async def revoke_client(work: Work[Any], *, id: UUID, based_on: int, who: str) -> None:
    """It gets no more tokens; the last one ends within 15 minutes. Raises 404, 409, 412."""
    row = await _open(work, id, based_on)
    values = {
        "revoked_at": work.now,
        "previous_hash": None,
        "previous_until": None,
        "version": row.version + 1,
    }
    await work.session.execute(update(api_client).where(api_client.c.id == id).values(values))
    work.audit(who=who, action="api_client.revoked", subject=id)


async def token_for(work: Work[Any], asked: Asked) -> tuple[str, list[str]]:
    """An access token and its scopes. Raises TokenRefused; unknown clients cost the same as wrong secrets."""
    try:
        id = UUID(asked.client_id)
    except ValueError:
        id = _NOBODY
    row = (await work.session.execute(select(api_client).where(api_client.c.id == id))).one_or_none()
    before = row.previous_hash if row and row.previous_until and row.previous_until > work.now else None
    right = same(asked.secret, row.secret_hash if row else None, before)
    if not right or row is None or row.revoked_at is not None:
        raise invalid_client()
    scopes = sorted(row.scopes if asked.scopes is None else asked.scopes)
    if not set(scopes) <= set(row.scopes):
        raise TokenRefused("invalid_scope", "The client was not given all of these scopes.")
    if row.last_used_at is None or row.last_used_at <= work.now - _SEEN:
        seen = update(api_client).where(api_client.c.id == id).values(last_used_at=work.now)
        await work.session.execute(seen)
    return await issue(work, subject=str(id), roles=row.roles, seconds=LONGEST, scopes=scopes), scopes


async def _open(work: Work[Any], id: UUID, based_on: int) -> Row:
    row = await _locked(work, id)
    check_version(based_on, row.version)
    if row.revoked_at is not None:
        raise conflict("This API client is revoked", "Make a new one.")
    return row


async def _locked(work: Work[Any], id: UUID) -> Row:
    query = select(api_client).where(api_client.c.id == id).with_for_update()
    row = (await work.session.execute(query)).one_or_none()
    if row is None:
        raise not_found("API client")
    return row
