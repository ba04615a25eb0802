"""API clients, for the office."""

from uuid import UUID

from shared.db import Row
from shared.pages import decode_cursor, encode_cursor
from shared.problems import Problem, not_found
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from portal_api.models.tokens import api_client


async def page_of_clients(
    read: AsyncConnection, *, cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    query = select(api_client).order_by(api_client.c.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(api_client.c.id < _id(decode_cursor(cursor, 1)[0]))
    rows = list((await read.execute(query)).all())
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return rows[:limit], more


async def one_client(read: AsyncConnection, id: UUID) -> Row:
    """Raises 404."""
    row = (await read.execute(select(api_client).where(api_client.c.id == id))).one_or_none()
    if row is None:
        raise not_found("API client")
    return row


def _id(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        raise Problem(422, "This cursor is not one of ours", "Start again without `cursor`.") from None
