"""From the stored bytes to a verdict, and from the verdict to an event or an outcome."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID

import pydantic_core
from shared.batches import one_of, update_rows
from shared.db import Row
from shared.events.dispatch import DispatchMentioned, DispatchReceived, DispatchResolved, dispatch_id
from shared.work import Work
from sqlalchemy import and_, exists, or_, select, update

from mail_ingest.flows.brake import hold_back
from mail_ingest.flows.forwarding import queue_forwards
from mail_ingest.portion import portion
from mail_ingest.reading import Reading
from mail_ingest.tables import UNREAD, mailboxes, mails, raw_mails
from mail_ingest.tools import Tools


async def take_up(work: Work[Tools], limit: int) -> list[tuple[UUID, bytes]]:
    """The oldest mails that wait to be read, none that is behind one of its mailbox that somebody else has
    taken up. Those never tried, at most `limit`; or one that was, alone, so that a mail that ends the process
    counts no attempts for its neighbours. Attempts are counted before the look."""
    due = (mails.c.state == "stored", mails.c.due_at <= work.now)
    boxes = select(mailboxes.c.id).where(mailboxes.c.id.in_(select(mails.c.mailbox_id).where(*due)))
    await work.session.execute(boxes.order_by(mailboxes.c.id).with_for_update())  # one looks at a time
    older = mails.alias()
    taken = exists().where(
        older.c.state == "stored",
        older.c.due_at > work.now,
        older.c.mailbox_id == mails.c.mailbox_id,
        older.c.id < mails.c.id,
    )
    columns = (mails.c.id, mails.c.attempts, mails.c.size)
    query = select(*columns).where(*due, ~taken).order_by(mails.c.id).limit(limit)
    waiting = (await work.session.execute(query)).all()
    if not waiting:
        return []
    untried = list(takewhile(lambda row: row.attempts == 0, waiting))
    ids = [row.id for row in portion(untried, limit, lambda row: row.size)] or [waiting[0].id]
    lease = work.now + timedelta(seconds=work.settings.lease_seconds)
    counted = update(mails).where(one_of(work.session, mails.c.id, ids))
    await work.session.execute(counted.values(attempts=mails.c.attempts + 1, due_at=lease))
    rows = await work.session.execute(select(raw_mails).where(one_of(work.session, raw_mails.c.mail_id, ids)))
    return sorted((row.mail_id, row.raw) for row in rows)


async def forget_attempts(work: Work[Tools], ids: Collection[UUID]) -> None:
    """It was not these mails that ended the attempts."""
    if ids:
        unread = one_of(work.session, mails.c.id, ids), mails.c.state == "stored"
        await work.session.execute(update(mails).where(*unread).values(attempts=0))


async def judge(work: Work[Tools], readings: Sequence[tuple[Row, Row, Reading]]) -> None:
    """Writes down what (mail, mailbox, reading) say: a dispatch goes out as an event, everything else has
    its outcome now. What is not in turn is left for later, and what somebody else has read meanwhile is left
    alone: a lease may have ended while this process stood still."""
    unread = await _still_unread(work, readings)
    readings = await _in_turn(work, unread) if unread else []
    if not readings:
        return
    rows = [_read_row(work, mail, reading) for mail, _, reading in readings]
    await update_rows(work.session, mails, rows)
    for mail, box, reading in readings:
        if reading.kind == "dispatch":
            _emit(work, mail, box, reading)
        for number in reading.mentions:
            mention = DispatchMentioned(
                mail_id=mail.id,
                partner=box.partner,
                number=number,
                subject=reading.subject or "",
                received_at=mail.received_at,
            )
            work.emit(mention, dispatch_id(box.partner, number))
    unable = [reading for reading in readings if reading[2].kind == "unable"]
    await queue_forwards(work, [(mail, box, "unable") for mail, box, _ in unable])
    await hold_back(work, unable)


async def _still_unread(
    work: Work[Tools], readings: Sequence[tuple[Row, Row, Reading]]
) -> Sequence[tuple[Row, Row, Reading]]:
    """Theirs are locked."""
    mine = one_of(work.session, mails.c.id, [mail.id for mail, _, _ in readings])
    query = select(mails.c.id).where(mine, mails.c.state == "stored").order_by(mails.c.id).with_for_update()
    unread = set(await work.session.scalars(query))
    return [reading for reading in readings if reading[0].id in unread]


async def _in_turn(
    work: Work[Tools], readings: Sequence[tuple[Row, Row, Reading]]
) -> Sequence[tuple[Row, Row, Reading]]:
    """Those that overtake no mail of their mailbox that was left unread, by a crash or an outage: after its
    lease it is taken up, and these after it. A dispatch must not come after its cancellation."""
    first: dict[UUID, UUID] = {}
    for mail, _, _ in readings:
        first.setdefault(mail.mailbox_id, mail.id)
    before = or_(*(and_(mails.c.mailbox_id == box, mails.c.id < mail) for box, mail in first.items()))
    left = select(mails.c.mailbox_id).where(UNREAD, before).distinct()
    held = set(await work.session.scalars(left))
    return [reading for reading in readings if reading[0].mailbox_id not in held] if held else readings


async def resolve(work: Work[Tools], answers: Sequence[DispatchResolved]) -> None:
    """The dispatch service has said what became of each mail; each gets its outcome and its forward."""
    by_mail = {answer.mail_id: answer for answer in answers}
    query = select(mails.c.id, mails.c.mailbox_id, mails.c.round).where(
        one_of(work.session, mails.c.id, by_mail), mails.c.state == "waiting"
    )
    waiting = (await work.session.execute(query)).all()
    if not waiting:
        return
    boxes = await boxes_of(work, waiting)
    rows = [
        {
            "id": mail.id,
            "state": "settled",
            "outcome": by_mail[mail.id].mail_outcome,
            "code": by_mail[mail.id].mail_outcome,
            "reason": by_mail[mail.id].reason,
            "dispatch_id": by_mail[mail.id].dispatch_id,
            "settled_at": work.now,
        }
        for mail in waiting
    ]
    await update_rows(work.session, mails, rows)
    failed = ("duplicate", "unable")
    kinds = [(mail, "unable" if by_mail[mail.id].outcome in failed else "processed") for mail in waiting]
    await queue_forwards(work, [(mail, boxes[mail.mailbox_id], kind) for mail, kind in kinds])


async def boxes_of(work: Work[Tools], rows: Sequence[Row]) -> dict[UUID, Row]:
    ids = {row.mailbox_id for row in rows}
    found = await work.session.execute(select(mailboxes).where(mailboxes.c.id.in_(ids)))
    return {row.id: row for row in found}


def _read_row(work: Work[Tools], mail: Row, reading: Reading) -> dict[str, Any]:
    waits = reading.kind == "dispatch"
    return {
        "id": mail.id,
        "state": "waiting" if waits else "settled",
        "sender": reading.sender,
        "subject": reading.subject,
        "message_id": reading.message_id,
        "number": reading.number or next(iter(reading.mentions), None),
        "outcome": None if waits else reading.kind,
        "code": None if waits else reading.code,
        "reason": None if waits else reading.reason,
        "place": reading.place,
        "warnings": list(reading.warnings),
        "settled_at": None if waits else work.now,
    }


def _emit(work: Work[Tools], mail: Row, box: Row, reading: Reading) -> None:
    head = pydantic_core.to_json(
        {
            "mail_id": mail.id,
            "partner": box.partner,
            "received_at": mail.received_at,
            "bill_to": box.customer or None,
            "repeats": box.repeats,
            "sent_at": reading.sent_at,
            "message_id": reading.message_id,
        }
    ).decode()
    data = f'{head[:-1]},"content":{reading.content}}}'
    work.emit_json(DispatchReceived, data, dispatch_id(box.partner, reading.number or ""))
