"""API clients, for the office."""

from uuid import UUID

from shared.db import Row
from shared.pages import decode_cursor, encode_cursor
from shared.problems import not_found
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from portal_api.models.tokens import api_client


async def page_of_clients(
    read: AsyncConnection, *, cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    query = select(api_client).order_by(api_client.c.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(api_client.c.id < decode_cursor(cursor, UUID)[0])
    rows = list((await read.execute(query)).all())
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return rows[:limit], more


async def one_client(read: AsyncConnection, id: UUID) -> Row:
    """Raises 404."""
    row = (await read.execute(select(api_client).where(api_client.c.id == id))).one_or_none()
    if row is None:
        raise not_found("API client")
    return row
