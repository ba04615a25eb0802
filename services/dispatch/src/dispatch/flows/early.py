"""What came before its dispatch: a cancellation or a mention is kept, and found when the dispatch comes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.batches import insert_rows, one_of
from shared.db import uuid7
from shared.events.dispatch import DispatchContent, DispatchMentioned, DispatchReceived, dispatch_id
from shared.work import Work
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.models import alert, dispatch, early

Waiting = dict[UUID, DispatchReceived | DispatchMentioned]
"""By the id of the mail."""


async def waiting_words(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Waiting]:
    """What waits for these dispatches."""
    query = select(early).where(one_of(session, early.c.dispatch_id, set(ids)))
    found: dict[UUID, Waiting] = {}
    for row in (await session.execute(query)).mappings():
        found.setdefault(row["dispatch_id"], {})[row["mail_id"]] = _word(row)
    return found


def early_row(event: DispatchReceived | DispatchMentioned) -> dict[str, Any]:
    is_mention = isinstance(event, DispatchMentioned)
    number = event.number if is_mention else event.content.number
    return {
        "mail_id": event.mail_id,
        "dispatch_id": dispatch_id(event.partner, number),
        "partner": event.partner,
        "subject": event.subject if is_mention else None,
        "content": None if is_mention else event.content,
        "repeats": "apply" if is_mention else event.repeats,
        "sent_at": None if is_mention else event.sent_at,
        "received_at": event.received_at,
    }


def _word(row: Any) -> DispatchReceived | DispatchMentioned:
    about = {name: row[name] for name in ("mail_id", "partner", "received_at")}
    if row["content"] is None:
        return DispatchMentioned(**about, number="", subject=row["subject"] or "")
    content = DispatchContent.model_validate(row["content"])
    return DispatchReceived(**about, content=content, repeats=row["repeats"], sent_at=row["sent_at"])


def in_order(waiting: Waiting) -> list[DispatchReceived | DispatchMentioned]:
    """As they were said, as far as is known."""
    return sorted(waiting.values(), key=lambda word: (_said(word), word.mail_id))


def _said(word: DispatchReceived | DispatchMentioned) -> datetime:
    return (isinstance(word, DispatchReceived) and word.sent_at) or word.received_at


async def keep(work: Work[Any], mentions: Sequence[DispatchMentioned]) -> None:
    rows = [early_row(mention) for mention in mentions]
    if rows:
        await insert_rows(work.session, early, rows, ignore=["mail_id", "dispatch_id"])


def mentioned(work: Work[Any], id: UUID, mention: DispatchMentioned) -> dict[str, Any]:
    """The alert that a mail without a document raises."""
    row = {"id": uuid7(), "dispatch_id": id, "kind": "mentioned", "mail_id": mention.mail_id}
    return {**row, "text": f'A mail says: "{mention.subject[:300]}"', "at": work.now}


async def show(work: Work[Any], id: UUID) -> None:
    """The office has typed a dispatch of which the partner spoke before. A cancellation goes on waiting for
    the partner's own document, and is shown."""
    waiting = (await waiting_words(work.session, [id])).get(id)
    if not waiting:
        return
    rows = [_shown(work, id, word) for word in in_order(waiting)]
    await work.session.execute(insert(alert), rows)
    await work.session.execute(update(dispatch).where(dispatch.c.id == id).values(needs_attention=True))


def _shown(work: Work[Any], id: UUID, word: DispatchReceived | DispatchMentioned) -> dict[str, Any]:
    if isinstance(word, DispatchMentioned):
        return mentioned(work, id, word)
    text = "The partner cancelled this dispatch before it was entered here."
    row = {"id": uuid7(), "dispatch_id": id, "kind": "cancelled", "text": text, "at": work.now}
    return {**row, "mail_id": word.mail_id}
