"""Mails in, outcomes and forwards out."""

from datetime import datetime
from typing import Any

from mail_ingest.tables import forwards, mailboxes, mails, raw_mails
from shared.tables import audit
from sqlalchemy import and_, case, exists, func, or_, select

from embedded.checks.base import APPLIED, Books, Check, check, rows_of


async def mails_settle(books: Books) -> Check:
    open_ = or_(mails.c.state != "settled", mails.c.outcome.is_(None))
    rows = await rows_of(books.mail, select(mails).where(open_))
    found = [
        (f"mail {row.id} ({row.subject or row.sha256[:12]}) is {row.state}", row.received_at) for row in rows
    ]
    return check(books, "every mail has exactly one outcome", found)


async def mails_are_kept(books: Books) -> Check:
    query = select(mails.c.id).where(~exists().where(raw_mails.c.mail_id == mails.c.id))
    rows = await rows_of(books.mail, query)
    return check(books, "every mail's bytes are kept", [(f"mail {row.id} has none", None) for row in rows])


async def forwards_went_out(books: Books) -> Check:
    """One in state sent for each mail that has an outcome, unless it is ignored or its mailbox named no
    address; a mailbox that was edited since cannot say what it named before."""
    kind = case((mails.c.outcome.in_(APPLIED), "processed"), else_="unable")
    named = case((mails.c.outcome.in_(APPLIED), mailboxes.c.processed_to), else_=mailboxes.c.error_to)
    edited = {row.subject: row.at for row in await rows_of(books.mail, _last_edits())}
    columns = (mails.c.id, mails.c.mailbox_id, mails.c.outcome, mails.c.subject, mails.c.settled_at)
    sent = (forwards.c.state, forwards.c.error, forwards.c.id.label("forward_id"))
    query = (
        select(*columns, *sent)
        .join(mailboxes, mailboxes.c.id == mails.c.mailbox_id)
        .outerjoin(forwards, and_(forwards.c.mail_id == mails.c.id, forwards.c.round == mails.c.round))
        .where(mails.c.state == "settled")
        .where(
            or_(
                and_(mails.c.outcome == "ignored", forwards.c.id.is_not(None)),
                and_(mails.c.outcome != "ignored", forwards.c.id.is_(None), named != ""),
                and_(mails.c.outcome != "ignored", or_(forwards.c.state != "sent", forwards.c.kind != kind)),
            )
        )
    )
    found: list[tuple[str, datetime | None]] = []
    for row in await rows_of(books.mail, query):
        if row.forward_id is None and edited.get(str(row.mailbox_id), row.settled_at) > row.settled_at:
            continue
        state = f"{row.state} {row.error or ''}".strip() if row.forward_id else "missing"
        since = row.settled_at if row.state in (None, "waiting") else None
        found.append((f"mail {row.id} ({row.subject}), {row.outcome}: forward {state}", since))
    return check(books, "every mail is forwarded once", found)


def _last_edits() -> Any:
    edits = select(audit.c.subject, func.max(audit.c.at).label("at"))
    return edits.where(audit.c.action == "mailbox.edited").group_by(audit.c.subject)
