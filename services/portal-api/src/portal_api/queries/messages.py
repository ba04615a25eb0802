"""Reads for outgoing mail and its wordings."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from shared.db import Row
from shared.pages import decode_cursor, encode_cursor
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from portal_api.models.messages import message_template, outgoing, unsubscribed
from portal_api.templates import Wording
from portal_api.wording import message_of

_SHOWN = [column for column in outgoing.c if column.name != "sealed"]


async def wordings(read: AsyncConnection | AsyncSession, messages: Iterable[str]) -> dict[str, Wording]:
    """The wording of each message: the office's, or the built-in one."""
    found = {message: message_of(message).wording for message in messages}
    query = select(message_template).where(message_template.c.message.in_(found))
    for row in (await read.execute(query)).mappings():
        found[row["message"]] = Wording(row["subject"], row["text"], row["html"])
    return found


async def unsubscribed_among(read: AsyncConnection | AsyncSession, addresses: Iterable[str]) -> set[str]:
    """Those of `addresses`, in lower case, that want no notifications."""
    asked = {address.casefold() for address in addresses}
    query = select(unsubscribed.c.email).where(unsubscribed.c.email.in_(asked))
    return set((await read.execute(query)).scalars())


async def outgoing_page(
    read: AsyncConnection, *, state: str | None, about: UUID | None, cursor: str | None, limit: int
) -> tuple[Sequence[Row], str | None]:
    """Newest first, without what is sealed."""
    query = select(*_SHOWN).order_by(outgoing.c.id.desc()).limit(limit + 1)
    if state is not None:
        query = query.where(outgoing.c.state == state)
    if about is not None:
        query = query.where(outgoing.c.about == about)
    if cursor is not None:
        query = query.where(outgoing.c.id < decode_cursor(cursor, UUID)[0])
    rows = (await read.execute(query)).all()
    return rows[:limit], encode_cursor(rows[limit - 1].id) if len(rows) > limit else None


async def unsubscribed_page(
    read: AsyncConnection, *, cursor: str | None, limit: int
) -> tuple[Sequence[Row], str | None]:
    query = select(unsubscribed).order_by(unsubscribed.c.email).limit(limit + 1)
    if cursor is not None:
        query = query.where(unsubscribed.c.email > decode_cursor(cursor, str)[0])
    rows = (await read.execute(query)).all()
    return rows[:limit], encode_cursor(rows[limit - 1].email) if len(rows) > limit else None
