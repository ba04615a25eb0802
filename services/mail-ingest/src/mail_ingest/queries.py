"""Reads: the mail log, the quarantine, the mailboxes, and what the loops need to know."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.batches import one_of
from shared.db import Row, utcnow
from shared.events.portal import CompanyChanged
from shared.pages import decode_cursor
from shared.service import Running
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from mail_ingest.tables import companies, forwards, mailboxes, mails, raw_mails
from mail_ingest.tools import Tools

_LINE = [column for column in mails.c if column.name != "correction"]


async def lying(running: Running[Tools], box: Row) -> dict[tuple[str, int], UUID]:
    """The mails, by uid and announced size, that lie in the mailbox although they were read: because they
    stay some days, or because the server keeps what it was told to delete."""
    since = utcnow() - timedelta(days=box.keep_days)
    stays = mails.c.kept_since.is_not(None)
    if box.keep_days:
        stays = or_(stays, mails.c.received_at > since)
    query = select(mails.c.id, mails.c.uid, mails.c.listed_size, mails.c.size).where(
        mails.c.mailbox_id == box.id, mails.c.deleted_at.is_(None), mails.c.state != "unsure", stays
    )
    async with running.database.read() as read:
        rows = (await read.execute(query.order_by(mails.c.id))).all()
    return {(row.uid, row.size if row.listed_size is None else row.listed_size): row.id for row in rows}


async def leaves_something(running: Running[Tools], box: Row) -> bool:
    """Whether mails of this mailbox wait for the end of a visit: asked first, so without a transaction."""
    left = or_(mails.c.kept_since.is_not(None), mails.c.state == "unsure")
    query = select(mails.c.id).where(mails.c.mailbox_id == box.id, left).limit(1)
    async with running.database.read() as read:
        return (await read.execute(query)).first() is not None


async def mailbox_due(running: Running[Tools]) -> bool:
    """Asked every second, so without a write transaction."""
    query = select(mailboxes.c.id).where(mailboxes.c.enabled, mailboxes.c.next_poll_at <= utcnow()).limit(1)
    async with running.database.read() as read:
        return (await read.execute(query)).first() is not None


async def nothing_left_behind(running: Running[Tools]) -> bool:
    """Whether no stored mail waits for a reader: asked every second, so without a write transaction."""
    query = select(mails.c.id).where(mails.c.state == "stored", mails.c.due_at <= utcnow()).limit(1)
    async with running.database.read() as read:
        return (await read.execute(query)).first() is None


async def mails_with_boxes(running: Running[Tools], ids: Sequence[UUID]) -> dict[UUID, tuple[Row, Row]]:
    """The still unread ones of these mails, each with its mailbox."""
    async with running.database.read() as read:
        stored = select(mails).where(one_of(read, mails.c.id, ids), mails.c.state == "stored")
        found = (await read.execute(stored)).all()
        ids_ = {mail.mailbox_id for mail in found}
        boxes = {box.id: box for box in await read.execute(select(mailboxes).where(mailboxes.c.id.in_(ids_)))}
    return {mail.id: (mail, boxes[mail.mailbox_id]) for mail in found}


async def mail_log(
    read: AsyncConnection,
    *,
    outcome: str | None,
    mailbox_id: UUID | None,
    number: str | None,
    search: str | None,
    cursor: str | None,
    limit: int,
) -> Sequence[Row]:
    """Newest first; one row more than `limit` says that there is a next page."""
    query = select(*_LINE, forwards.c.state.label("forward"), forwards.c.error.label("forward_error"))
    query = query.outerjoin(
        forwards, (forwards.c.mail_id == mails.c.id) & (forwards.c.round == mails.c.round)
    )
    if outcome:
        query = query.where(mails.c.outcome == outcome)
    if mailbox_id:
        query = query.where(mails.c.mailbox_id == mailbox_id)
    if number:
        query = query.where(mails.c.number == number)
    if search:
        pattern = f"%{search.replace('%', '')}%"
        query = query.where(or_(mails.c.subject.ilike(pattern), mails.c.sender.ilike(pattern)))
    if cursor:
        query = query.where(mails.c.id < decode_cursor(cursor, UUID)[0])
    return (await read.execute(query.order_by(mails.c.id.desc()).limit(limit + 1))).all()


async def mail(read: AsyncConnection, mail_id: UUID) -> Row | None:
    query = select(mails, forwards.c.state.label("forward"), forwards.c.error.label("forward_error"))
    query = query.outerjoin(
        forwards, (forwards.c.mail_id == mails.c.id) & (forwards.c.round == mails.c.round)
    )
    return (await read.execute(query.where(mails.c.id == mail_id))).first()


async def raw(read: AsyncConnection, mail_id: UUID) -> bytes | None:
    return (await read.execute(select(raw_mails.c.raw).where(raw_mails.c.mail_id == mail_id))).scalar()


async def all_mailboxes(read: AsyncConnection) -> Sequence[Row]:
    return (await read.execute(select(mailboxes).order_by(mailboxes.c.id))).all()


async def forwards_left(read: AsyncConnection) -> dict[UUID, list[str]]:
    """What a person must know of each mailbox's forwards that did not go out and will not by themselves."""
    columns = (mails.c.mailbox_id, forwards.c.state, func.count().label("many"), func.max(forwards.c.error))
    query = select(*columns).join(mails, mails.c.id == forwards.c.mail_id)
    query = query.where(forwards.c.state.in_(("failed", "held")), forwards.c.round == mails.c.round)
    said: dict[UUID, list[str]] = {}
    for box, state, many, error in await read.execute(query.group_by(mails.c.mailbox_id, forwards.c.state)):
        what = "were refused by the mail server" if state == "failed" else "are held back"
        said.setdefault(box, []).append(f"{many} forwards {what}. The last: {error or 'no reason given'}")
    return said


async def company(read: AsyncConnection | AsyncSession) -> CompanyChanged | None:
    """What portal-api told last; None: the environment's values hold."""
    about = (await read.execute(select(companies.c.about))).scalar()
    return CompanyChanged.model_validate(about) if about is not None else None


async def mailbox(read: AsyncConnection, mailbox_id: UUID) -> Row | None:
    return (await read.execute(select(mailboxes).where(mailboxes.c.id == mailbox_id))).first()


async def ledger(read: AsyncConnection) -> dict[str, Any]:
    """What `callboard reconcile` counts: every mail by state and outcome, every forward by state."""
    by_outcome = select(mails.c.state, mails.c.outcome, func.count()).group_by(mails.c.state, mails.c.outcome)
    by_forward = select(forwards.c.state, func.count()).group_by(forwards.c.state)
    return {
        "mails": [tuple(row) for row in await read.execute(by_outcome)],
        "forwards": {row[0]: row[1] for row in await read.execute(by_forward)},
    }
