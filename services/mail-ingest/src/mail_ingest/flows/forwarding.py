"""The office's copy of each mail: "Processed …" or "Unable to process …". At least once, one Message-ID."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.batches import insert_rows, one_of, update_rows
from shared.db import Row, uuid7
from shared.mails import next_try
from shared.work import Work
from sqlalchemy import select, update

from mail_ingest.portion import portion
from mail_ingest.tables import forwards, mailboxes, mails, raw_mails
from mail_ingest.tools import Tools


async def queue_forwards(work: Work[Tools], mails_: Sequence[tuple[Row, Row, str]]) -> None:
    """One forward for each (mail, mailbox, kind) whose mailbox names an address for that kind."""
    rows = [
        {
            "id": uuid7(),
            "mail_id": mail.id,
            "round": mail.round,
            "kind": kind,
            "recipient": recipient,
            "state": "waiting",
            "due_at": work.now,
            "attempts": 0,
            "created_at": work.now,
        }
        for mail, box, kind in mails_
        if (recipient := box.processed_to if kind == "processed" else box.error_to)
    ]
    if rows:
        await insert_rows(work.session, forwards, rows, ignore=["mail_id", "round"])
        work.wake("send")


async def lease_forwards(work: Work[Tools]) -> Sequence[Row]:
    """Forwards that are due, with what their composition needs."""
    due = select(forwards.c.id, mails.c.size).where(forwards.c.mail_id == mails.c.id)
    due = due.where(forwards.c.state == "waiting", forwards.c.due_at <= work.now)
    due = due.order_by(forwards.c.due_at).limit(work.settings.forward_batch)
    found = (await work.session.execute(due.with_for_update(skip_locked=True, of=forwards))).all()
    ids = [row.id for row in portion(found, len(found), lambda row: row.size)]
    if not ids:
        return []
    lease = work.now + timedelta(seconds=work.settings.lease_seconds)
    these = one_of(work.session, forwards.c.id, ids)
    leased = update(forwards).where(these)
    await work.session.execute(leased.values(due_at=lease, attempts=forwards.c.attempts + 1))
    columns = (
        *(forwards.c[name] for name in ("id", "kind", "recipient", "attempts", "created_at", "due_at")),
        *(mails.c[name] for name in ("sha256", "subject", "reason", "code", "outcome", "number")),
        *(mailboxes.c[name] for name in ("return_name", "return_address")),
        raw_mails.c.raw,
    )
    query = select(*columns).where(these, mails.c.id == forwards.c.mail_id)
    query = query.where(mailboxes.c.id == mails.c.mailbox_id, raw_mails.c.mail_id == mails.c.id)
    return (await work.session.execute(query)).all()


async def mark_sent(work: Work[Tools], ids: Sequence[UUID]) -> None:
    if not ids:
        return
    done = update(forwards).where(one_of(work.session, forwards.c.id, ids))
    await work.session.execute(done.values(state="sent", sent_at=work.now, error=None))


async def mark_refused(work: Work[Tools], refused: Sequence[tuple[Row, str, bool]]) -> None:
    """(forward, what the server said, whether for good). A refusal for good, or one that lasted too long,
    waits for a person; any other goes again later."""
    give_up = timedelta(hours=work.settings.forward_give_up_hours)
    rows: list[dict[str, Any]] = []
    for forward, said, permanent in refused:
        failed = permanent or work.now - forward.created_at > give_up
        rows.append(
            {
                "id": forward.id,
                "state": "failed" if failed else "waiting",
                "due_at": work.now + next_try(forward.attempts),
                "error": said,
            }
        )
    await update_rows(work.session, forwards, rows)
