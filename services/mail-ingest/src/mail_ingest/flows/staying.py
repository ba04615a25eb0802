"""What a visit leaves behind in the mailbox or in the log, told apart when it is over."""

import hashlib
from collections.abc import Collection
from typing import Any
from uuid import UUID

from shared.batches import one_of
from shared.db import Row, uuid7
from shared.work import Work
from sqlalchemy import delete, func, or_, select, update

from mail_ingest.flows.forwarding import queue_forwards
from mail_ingest.flows.intake import Session, insert_mails, keep_lease, mail_row
from mail_ingest.flows.known import Known, known_mails
from mail_ingest.mailbox import MailboxError
from mail_ingest.tables import mails, raw_mails
from mail_ingest.tools import Tools

OUT_OF_STEP = "out_of_step"
_DOUBT = (
    "This came while the mail server's answers were out of step, and the mailbox has it no longer: it may be "
    "a piece of another mail. Look at it, and read it again (replay) if it is whole."
)


async def store_unsure(work: Work[Tools], session: Session, failure: MailboxError) -> None:
    """Keeps what had come whole when the connection broke. It is read when the mailbox hands it out again, or
    has it no longer. After answers out of step it may be a piece of another mail: a person looks at it."""
    box = session.mailbox
    await keep_lease(work, box)
    hashes = [hashlib.sha256(mail.raw).hexdigest() for mail in failure.unsure]
    known = await known_mails(work, box.id, hashes)
    rows: list[dict[str, Any]] = []
    raws: list[tuple[UUID, bytes]] = []
    for mail, sha256 in zip(failure.unsure, hashes, strict=True):
        log = known.setdefault(sha256, Known())
        if log.same(mail.item.uid, session.met, work.now) is not None:
            continue
        log.occurrences += 1
        mail_id = uuid7()
        row = mail_row(work, box, mail_id, sha256, len(mail.raw), log.occurrences, item=mail.item)
        code = OUT_OF_STEP if failure.code == "protocol" else None
        rows.append({**row, "state": "unsure", "attempts": 0, "due_at": work.now, "code": code})
        raws.append((mail_id, mail.raw))
    await insert_mails(work, rows, raws)


async def settle_visit(work: Work[Tools], box: Row, listed: Collection[str]) -> int:
    """`listed` are the uids in the mailbox, a blank one for mails without. What is unsure and lies there
    still is forgotten, since it comes again; what is there no longer is read. Returns how many the server
    keeps although it said that it deleted them."""
    query = select(mails).where(
        mails.c.mailbox_id == box.id, or_(mails.c.state == "unsure", mails.c.kept_since.is_not(None))
    )
    rows = (await work.session.execute(query.order_by(mails.c.id))).all()
    unsure = [row for row in rows if row.state == "unsure"]
    there = [row.id for row in unsure if row.uid in listed]
    if there:
        await work.session.execute(delete(raw_mails).where(one_of(work.session, raw_mails.c.mail_id, there)))
        await work.session.execute(delete(mails).where(one_of(work.session, mails.c.id, there)))
    lost = [row for row in unsure if row.uid not in listed]
    await _read(work, [row.id for row in lost if row.code != OUT_OF_STEP])
    await _show(work, box, [row for row in lost if row.code == OUT_OF_STEP])
    left = [row.id for row in rows if row.kept_since is not None and row.uid not in listed]
    if left:
        done = update(mails).where(one_of(work.session, mails.c.id, left))
        await work.session.execute(done.values(deleted_at=work.now, kept_since=None))
    kept = select(func.count()).where(mails.c.mailbox_id == box.id, mails.c.kept_since.is_not(None))
    return int(await work.session.scalar(kept) or 0)


async def _read(work: Work[Tools], ids: list[UUID]) -> None:
    if ids:
        stored = update(mails).where(one_of(work.session, mails.c.id, ids))
        await work.session.execute(stored.values(state="stored", deleted_at=work.now, due_at=work.now))
        work.wake("read")


async def _show(work: Work[Tools], box: Row, rows: list[Row]) -> None:
    if rows:
        values = {"state": "settled", "outcome": "unable", "reason": _DOUBT, "settled_at": work.now}
        doubted = update(mails).where(one_of(work.session, mails.c.id, [row.id for row in rows]))
        await work.session.execute(doubted.values(**values, deleted_at=work.now))
        await queue_forwards(work, [(row, box, "unable") for row in rows])
