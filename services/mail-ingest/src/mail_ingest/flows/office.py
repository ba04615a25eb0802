"""What the office does by hand: set up mailboxes, correct and replay a mail, forward it again."""

from collections.abc import Sequence
from uuid import UUID

from shared.db import Row, uuid7
from shared.etag import check_version
from shared.kept import stay_with_destination
from shared.problems import conflict, not_found
from shared.secrets import seal
from shared.work import Work
from sqlalchemy import insert, select, update

from mail_ingest.flows.mailbox_rules import check
from mail_ingest.schemas import Correction, MailboxBody
from mail_ingest.tables import forwards, mailboxes, mails
from mail_ingest.tools import Tools

_DESTINATION = ("kind", "host", "port", "security", "user", "ca_file")
"""Of a mailbox's password."""


async def create_mailbox(work: Work[Tools], body: MailboxBody, who: str) -> UUID:
    await check(work, body, None)
    mailbox_id = uuid7()
    row = body.model_dump(exclude={"password"})
    row |= {"id": mailbox_id, "version": 1, "lease_by": "", "next_poll_at": work.now}
    row["sealed_password"] = _sealed(work, mailbox_id, body)
    await work.session.execute(insert(mailboxes), [row])
    work.wake("poll")
    after = body.model_dump(exclude={"password"})
    work.audit(who=who, action="mailbox.created", subject=mailbox_id, after=after)
    return mailbox_id


async def edit_mailbox(
    work: Work[Tools], mailbox_id: UUID, body: MailboxBody, based_on: int, who: str
) -> None:
    old = await mailbox_row(work, mailbox_id)
    check_version(based_on, old.version)
    await check(work, body, mailbox_id)
    values = body.model_dump(exclude={"password"})
    before = {name: getattr(old, name) for name in values}
    if body.password is not None:
        values["sealed_password"] = _sealed(work, mailbox_id, body)
    elif old.sealed_password:
        kept = ["/body/password"]
        stay_with_destination(before=before, after=values, destination=_DESTINATION, missing=kept)
    values |= {"version": old.version + 1, "next_poll_at": work.now}
    await work.session.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(**values))
    work.wake("poll")
    after = body.model_dump(exclude={"password"})
    work.audit(who=who, action="mailbox.edited", subject=mailbox_id, before=before, after=after)


async def poll_now(work: Work[Tools], mailbox_id: UUID) -> None:
    await mailbox_row(work, mailbox_id)
    await work.session.execute(
        update(mailboxes).where(mailboxes.c.id == mailbox_id).values(next_poll_at=work.now)
    )
    work.wake("poll")


async def correct(work: Work[Tools], mail_id: UUID, correction: Correction, who: str) -> None:
    """Keeps the correction and reads the mail again with it."""
    old = (await work.session.execute(select(mails).where(mails.c.id == mail_id))).first()
    if old is None:
        raise not_found("mail")
    if old.outcome != "unable":
        now = old.outcome or old.state
        raise conflict("Only a mail in quarantine can be corrected", f"This one is {now}.")
    kept = correction.model_dump(exclude_defaults=True)
    await work.session.execute(update(mails).where(mails.c.id == mail_id).values(correction=kept))
    work.audit(who=who, action="mail.corrected", subject=mail_id, before=old.correction, after=kept)
    await replay(work, [mail_id], who)


async def replay(work: Work[Tools], ids: Sequence[UUID], who: str) -> list[UUID]:
    """Reads settled mails again, as if they had just come; returns those that it found settled. Each gets
    a new outcome and a new forward; the old ones stay in the audit trail."""
    query = select(mails).where(mails.c.id.in_(ids), mails.c.state == "settled")
    settled = (await work.session.execute(query)).all()
    for mail in settled:
        before = {"outcome": mail.outcome, "code": mail.code, "reason": mail.reason, "round": mail.round}
        work.audit(who=who, action="mail.replayed", subject=mail.id, before=before)
    found = [mail.id for mail in settled]
    again = {
        "state": "stored",
        "outcome": None,
        "code": None,
        "reason": None,
        "place": None,
        "attempts": 0,
        "due_at": work.now,
        "settled_at": None,
        "round": mails.c.round + 1,
    }
    await work.session.execute(update(mails).where(mails.c.id.in_(found)).values(**again))
    work.wake("read")
    return found


async def forward_again(work: Work[Tools], mail_id: UUID, who: str) -> None:
    """Sends the mail's forward once more, under its one Message-ID."""
    mail = select(mails.c.round).where(mails.c.id == mail_id).scalar_subquery()
    again = update(forwards).where(forwards.c.mail_id == mail_id, forwards.c.round == mail)
    values = {"state": "waiting", "due_at": work.now, "created_at": work.now, "attempts": 0, "error": None}
    if await work.session.scalar(again.values(**values).returning(forwards.c.id)) is None:
        raise not_found("forward of this mail: its mailbox names no address for this outcome")
    work.audit(who=who, action="mail.forwarded_again", subject=mail_id)


async def mailbox_row(work: Work[Tools], mailbox_id: UUID) -> Row:
    found = (await work.session.execute(select(mailboxes).where(mailboxes.c.id == mailbox_id))).first()
    if found is None:
        raise not_found("mailbox")
    return found


def _sealed(work: Work[Tools], mailbox_id: UUID, body: MailboxBody) -> str:
    if body.password is None:
        return ""
    return seal(work.settings, body.password, f"mailbox/{mailbox_id}/password")
