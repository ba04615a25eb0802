"""Reads accounts."""

from datetime import datetime
from uuid import UUID

from shared.db import Row
from shared.pages import decode_cursor, encode_cursor
from shared.problems import not_found
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from portal_api.models.accounts import HAS_NAME, account, password_reset
from portal_api.passwords import digest

Reading = AsyncSession | AsyncConnection


_NAMED = select(account).where(account.c.user_name == bindparam("name"), HAS_NAME)


async def by_user_name(read: Reading, user_name: str) -> Row | None:
    return (await read.execute(_NAMED, {"name": user_name})).one_or_none()


async def by_reset_token(read: Reading, token: str, now: datetime) -> Row | None:
    """Whose link this is, if it is still good. Looking does not use it up."""
    found = await read.execute(
        select(account)
        .join_from(account, password_reset, password_reset.c.account_id == account.c.id)
        .where(password_reset.c.token_hash == digest(token), password_reset.c.ends_at > now)
    )
    return found.one_or_none()


async def one(read: Reading, id: UUID, kind: str) -> Row:
    """Closed ones too. Raises the 404 problem."""
    found = await read.execute(select(account).where(account.c.id == id, account.c.kind == kind))
    row = found.one_or_none()
    if row is None:
        raise not_found("account")
    return row


async def page(
    read: Reading,
    kind: str,
    *,
    location_id: UUID | None,
    user_name: str | None,
    closed: bool,
    cursor: str | None,
    limit: int,
) -> tuple[list[Row], str | None]:
    """In the order in which they were made."""
    query = select(account).where(account.c.kind == kind).order_by(account.c.id).limit(limit + 1)
    if location_id is not None:
        query = query.where(account.c.location_id == location_id)
    if user_name is not None:
        query = query.where(account.c.user_name == user_name.lower())
    if not closed:
        query = query.where(account.c.state != "closed")
    if cursor:
        query = query.where(account.c.id > decode_cursor(cursor, UUID)[0])
    rows = list((await read.execute(query)).all())
    return (rows, None) if len(rows) <= limit else (rows[:limit], encode_cursor(rows[limit - 1].id))
