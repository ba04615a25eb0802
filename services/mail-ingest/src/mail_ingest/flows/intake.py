"""From the mailbox into the store. Bytes and hash are committed first; only then may a mail be deleted."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.batches import insert_tables, one_of
from shared.db import Row, uuid7
from shared.work import Work
from sqlalchemy import exists, or_, select, update

from mail_ingest.flows.known import Known, known_mails
from mail_ingest.mailbox import Item, Mail
from mail_ingest.tables import UNREAD, mailboxes, mails, raw_mails
from mail_ingest.tools import Tools


class LeaseLost(Exception):
    """Another process polls this mailbox now: this one must stop before it deletes anything."""


@dataclass
class Session:
    """One visit to a mailbox. `met` are the mails of the log that were met in it."""

    mailbox: Row
    met: set[UUID] = field(default_factory=set[UUID])


@dataclass(frozen=True)
class Stored:
    """A mail that is safe now: `fresh` is to be read; `expired` may leave the mailbox; `kept` was
    deleted before, as the server had said."""

    mail_id: UUID
    uid: str
    raw: bytes
    fresh: bool
    expired: bool
    kept: bool = False


async def lease_mailboxes(work: Work[Tools]) -> Sequence[Row]:
    """The mailboxes that are due and that no living process polls, now leased. The row is the visit's ticket:
    `lease_by` names this visit, not the process, which may have started another. A mailbox whose last mails
    are not read yet waits: what comes now must not overtake them."""
    free = or_(mailboxes.c.lease_until.is_(None), mailboxes.c.lease_until < work.now)
    unread = exists().where(mails.c.mailbox_id == mailboxes.c.id, UNREAD)
    due = (
        update(mailboxes)
        .where(mailboxes.c.enabled, mailboxes.c.next_poll_at <= work.now, free, ~unread)
        .values(lease_by=uuid7().hex, lease_until=_lease_end(work))
        .returning(*mailboxes.c)
    )
    return (await work.session.execute(due)).all()


async def keep_lease(work: Work[Tools], box: Row) -> None:
    """Raises LeaseLost where another visit took the mailbox over."""
    renewed = await work.session.scalar(
        update(mailboxes)
        .where(mailboxes.c.id == box.id, mailboxes.c.lease_by == box.lease_by)
        .values(lease_until=_lease_end(work))
        .returning(mailboxes.c.id)
    )
    if renewed is None:
        raise LeaseLost


async def end_poll(work: Work[Tools], box: Row, poll_seconds: int, error: str | None) -> None:
    await work.session.execute(
        update(mailboxes)
        .where(mailboxes.c.id == box.id, mailboxes.c.lease_by == box.lease_by)
        .values(
            lease_until=None,
            next_poll_at=work.now + timedelta(seconds=poll_seconds),
            polled_at=work.now,
            poll_error=error,
        )
    )


async def store(work: Work[Tools], session: Session, fetched: Sequence[Mail]) -> list[Stored]:
    """Stores mails that are known to be whole; one that lies in the log already is known by its bytes."""
    box = session.mailbox
    await keep_lease(work, box)
    hashes = [hashlib.sha256(mail.raw).hexdigest() for mail in fetched]
    known = await known_mails(work, box.id, hashes)
    stored: list[Stored] = []
    rows: list[dict[str, Any]] = []
    vouched: list[UUID] = []
    kept: list[UUID] = []
    for mail, sha256 in zip(fetched, hashes, strict=True):
        log = known.setdefault(sha256, Known())
        row = log.same(mail.item.uid, session.met, work.now)
        if row is None:
            fresh = Stored(uuid7(), mail.item.uid, mail.raw, fresh=True, expired=box.keep_days == 0)
            log.occurrences += 1
            stored.append(fresh)
            rows.append(
                mail_row(work, box, fresh.mail_id, sha256, len(mail.raw), log.occurrences, item=mail.item)
            )
            continue
        if row.state == "unsure":
            vouched.append(row.id)
        if row.deleted_at is not None:
            kept.append(row.id)
        stored.append(
            Stored(
                row.id,
                mail.item.uid,
                mail.raw,
                fresh=row.state == "unsure",
                expired=row.received_at <= work.now - timedelta(days=box.keep_days),
                kept=row.deleted_at is not None or row.kept_since is not None,
            )
        )
        session.met.add(row.id)
    session.met.update(mail.mail_id for mail in stored)
    new = {row["id"] for row in rows}
    await insert_mails(work, rows, [(mail.mail_id, mail.raw) for mail in stored if mail.mail_id in new])
    await _vouch(work, vouched)
    if kept:
        these = one_of(work.session, mails.c.id, kept)
        await work.session.execute(update(mails).where(these).values(deleted_at=None, kept_since=work.now))
    return stored


async def store_one(work: Work[Tools], box: Row, raw: bytes, source: str) -> tuple[UUID, bool]:
    """A mail that came over HTTP or from an import: the same bytes are the same mail, however often sent.
    Returns its id and whether it is new."""
    sha256 = hashlib.sha256(raw).hexdigest()
    same = (mails.c.mailbox_id == box.id, mails.c.sha256 == sha256)
    query = select(mails.c.id, mails.c.occurrence, mails.c.source).where(*same)
    rows = (
        await work.session.execute(query.where(mails.c.mailbox_id == box.id, mails.c.sha256 == sha256))
    ).all()
    for row in rows:
        if row.source == source:
            return row.id, False
    mail_id, occurrence = uuid7(), max((row.occurrence for row in rows), default=0) + 1
    row = mail_row(work, box, mail_id, sha256, len(raw), occurrence, source=source)
    await insert_mails(
        work, [{**row, "deleted_at": work.now, "due_at": work.now, "attempts": 0}], [(mail_id, raw)]
    )
    return mail_id, True


async def mark_deleted(work: Work[Tools], mail_ids: Sequence[UUID]) -> None:
    """The mailbox has confirmed that these are gone: the same bytes will be another mail from now on."""
    gone = one_of(work.session, mails.c.id, mail_ids)
    await work.session.execute(update(mails).where(gone).values(deleted_at=work.now))


async def _vouch(work: Work[Tools], ids: Sequence[UUID]) -> None:
    if ids:
        sure = update(mails).where(one_of(work.session, mails.c.id, ids))
        values = {"state": "stored", "code": None, "attempts": 1, "due_at": _lease_end(work)}
        await work.session.execute(sure.values(**values))


def _lease_end(work: Work[Tools]) -> datetime:
    return work.now + timedelta(seconds=work.settings.lease_seconds)


def mail_row(
    work: Work[Tools],
    box: Row,
    mail_id: UUID,
    sha256: str,
    size: int,
    occurrence: int,
    *,
    item: Item | None = None,
    source: str = "mailbox",
) -> dict[str, Any]:
    """A new row of the mail log. Its first attempt counts from here on, before anything looks into it."""
    return {
        "id": mail_id,
        "mailbox_id": box.id,
        "sha256": sha256,
        "occurrence": occurrence,
        "source": source,
        "uid": item.uid if item else "",
        "size": size,
        "listed_size": item.size if item else None,
        "received_at": work.now,
        "deleted_at": None,
        "state": "stored",
        "due_at": _lease_end(work),
        "attempts": 1,
        "round": 1,
        "partner": box.partner,
        "warnings": [],
    }


async def insert_mails(work: Work[Tools], rows: list[dict[str, Any]], raws: list[tuple[UUID, bytes]]) -> None:
    originals = [{"mail_id": mail_id, "raw": raw} for mail_id, raw in raws]
    await insert_tables(work.session, {mails: rows, raw_mails: originals})
