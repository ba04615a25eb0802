"""Reads for outgoing mail and its wordings."""

from collections.abc import Iterable
from typing import Any

from shared.db import utcnow
from shared.service import Running
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from portal_api.models.messages import message_template, outgoing, unsubscribed
from portal_api.templates import Wording
from portal_api.wording import message_of


async def nothing_to_send(running: Running[Any]) -> bool:
    """Asked every second, so without a write transaction."""
    query = select(outgoing.c.id).where(outgoing.c.state == "waiting", outgoing.c.due_at <= utcnow())
    async with running.database.read() as read:
        return (await read.execute(query.limit(1))).first() is None


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
