"""From the mailbox into the store. Bytes and hash are committed first; only then may a mail be deleted."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.batches import insert_tables, one_of
from shared.db import Row, uuid7
from shared.work import Work
from sqlalchemy import exists, or_, select, update

from mail_ingest.tables import UNREAD, mailboxes, mails, raw_mails
from mail_ingest.tools import Tools


class LeaseLost(Exception):
    """Another process polls this mailbox now: this one must stop before it deletes anything."""


@dataclass
class Session:
    """One visit to a mailbox. `copies` counts the equal mails met so far in it."""

    mailbox: Row
    copies: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Stored:
    """A mail that is safe now: `fresh` was not in the log before; `expired` may leave the mailbox."""

    mail_id: UUID
    uid: str
    raw: bytes
    fresh: bool
    expired: bool


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


async def store(work: Work[Tools], session: Session, fetched: Sequence[tuple[str, bytes]]) -> list[Stored]:
    """Stores (uid, raw) pairs; a mail that already lies in the log is recognised by its bytes."""
    box = session.mailbox
    await keep_lease(work, box)
    hashes = [hashlib.sha256(raw).hexdigest() for _, raw in fetched]
    known = await _known(work, box.id, hashes)
    stored: list[Stored] = []
    rows: list[dict[str, Any]] = []
    for (uid, raw), sha256 in zip(fetched, hashes, strict=True):
        copy = session.copies[sha256]
        session.copies[sha256] += 1
        log = known.setdefault(sha256, _Known())
        if copy < len(log.lying):
            mail_id, received_at = log.lying[copy]
            expired = received_at <= work.now - timedelta(days=box.keep_days)
            stored.append(Stored(mail_id, uid, raw, fresh=False, expired=expired))
            continue
        fresh = Stored(uuid7(), uid, raw, fresh=True, expired=box.keep_days == 0)
        log.lying.append((fresh.mail_id, work.now))
        log.occurrences += 1
        stored.append(fresh)
        rows.append(_mail(work, box, fresh.mail_id, sha256, len(raw), log.occurrences, uid=uid))
    await _insert(work, rows, [(mail.mail_id, mail.raw) for mail in stored if mail.fresh])
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
    row = _mail(work, box, mail_id, sha256, len(raw), occurrence, source=source)
    await _insert(
        work, [{**row, "deleted_at": work.now, "due_at": work.now, "attempts": 0}], [(mail_id, raw)]
    )
    return mail_id, True


async def mark_deleted(work: Work[Tools], mail_ids: Sequence[UUID]) -> None:
    """The mailbox has confirmed that these are gone: the same bytes will be another mail from now on."""
    gone = one_of(work.session, mails.c.id, mail_ids)
    await work.session.execute(update(mails).where(gone).values(deleted_at=work.now))


@dataclass
class _Known:
    """What the log holds of one hash: copies that may still lie in the mailbox, and how many ever came."""

    lying: list[tuple[UUID, datetime]] = field(default_factory=list)
    occurrences: int = 0


async def _known(work: Work[Tools], mailbox_id: UUID, hashes: Sequence[str]) -> dict[str, _Known]:
    columns = (mails.c.id, mails.c.sha256, mails.c.occurrence, mails.c.received_at, mails.c.deleted_at)
    same = one_of(work.session, mails.c.sha256, set(hashes))
    query = select(*columns).where(mails.c.mailbox_id == mailbox_id, same)
    known: dict[str, _Known] = {}
    for row in await work.session.execute(query.order_by(mails.c.occurrence)):
        log = known.setdefault(row.sha256, _Known())
        log.occurrences = row.occurrence
        if row.deleted_at is None:
            log.lying.append((row.id, row.received_at))
    return known


def _lease_end(work: Work[Tools]) -> datetime:
    return work.now + timedelta(seconds=work.settings.lease_seconds)


def _mail(
    work: Work[Tools],
    box: Row,
    mail_id: UUID,
    sha256: str,
    size: int,
    occurrence: int,
    *,
    uid: str = "",
    source: str = "mailbox",
) -> dict[str, Any]:
    """A new row of the mail log. Its first attempt counts from here on, before anything looks into it."""
    return {
        "id": mail_id,
        "mailbox_id": box.id,
        "sha256": sha256,
        "occurrence": occurrence,
        "source": source,
        "uid": uid,
        "size": size,
        "received_at": work.now,
        "deleted_at": None,
        "state": "stored",
        "due_at": _lease_end(work),
        "attempts": 1,
        "round": 1,
        "partner": box.partner,
        "warnings": [],
    }


async def _insert(work: Work[Tools], rows: list[dict[str, Any]], raws: list[tuple[UUID, bytes]]) -> None:
    originals = [{"mail_id": mail_id, "raw": raw} for mail_id, raw in raws]
    await insert_tables(work.session, {mails: rows, raw_mails: originals})
