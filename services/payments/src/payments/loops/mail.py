"""Sends the invoices that `flows.mails` queued."""

import asyncio

import structlog
from shared.company import sender_of, smarthost_of
from shared.db import Row, utcnow
from shared.events.portal import CompanyChanged
from shared.mailer import Mailer, MailRefused
from shared.secrets import SecretUnreadable
from shared.service import Running
from sqlalchemy import select

from payments.flows.mails import lease, settle
from payments.letter import compose
from payments.models import invoice_mail
from payments.queries.documents import company_of, facts_of
from payments.tools import Tools

log = structlog.get_logger()


async def mail(running: Running[Tools]) -> None:
    """Several may run. No transaction is open while the mail server is asked; the company is read anew for
    each batch, so that a change takes effect at once."""
    while not running.stopping.is_set():
        if await _nothing_due(running):
            await running.pause(1.0, "mail")
            continue
        async with running.work() as work:
            due = await lease(work)
            about = await company_of(work.session)
        try:
            mailer = await running.tools.mailers.through(smarthost_of(running.settings, about))
        except SecretUnreadable as error:
            results = [("waiting", str(error))] * len(due)
        else:
            results = await asyncio.gather(*(_send(running, row, mailer, about) for row in due))
        async with running.work() as work:
            for row, (state, answer) in zip(due, results, strict=True):
                await settle(work, row, state, answer)


async def _send(
    running: Running[Tools], row: Row, mailer: Mailer, about: CompanyChanged | None
) -> tuple[str, str | None]:
    """The mail's next state, and what the server said."""
    try:
        async with running.database.read() as read:
            facts = await facts_of(read, running.settings, row.invoice_id)
        sender = sender_of(running.settings, about)
        message = compose(
            facts,
            await running.tools.printed(facts),
            id=row.id,
            to=row.recipient,
            sender_name=(about.sender_name if about else None) or facts.company,
            sender_address=sender,
            now=utcnow(),
        )
        await mailer.send(message, sender, [row.recipient])
    except MailRefused as refused:
        log.warning("mail_refused", mail=str(row.id), permanent=refused.permanent)
        return "failed" if refused.permanent else "waiting", str(refused)
    except (OSError, TimeoutError) as error:
        log.warning("mail_failed", mail=str(row.id), error=type(error).__name__)
        return "waiting", "The mail server cannot be reached: check the company's mail server."
    except Exception as error:
        # whatever is wrong with this one, its neighbours go out
        log.exception("mail_impossible", mail=str(row.id))
        return "failed", f"It cannot be written ({type(error).__name__})."
    return "sent", None


async def _nothing_due(running: Running[Tools]) -> bool:
    """Asked every second, so without a write transaction."""
    query = select(invoice_mail.c.id).where(
        invoice_mail.c.state == "waiting", invoice_mail.c.due_at <= utcnow()
    )
    async with running.database.read() as read:
        return (await read.execute(query.limit(1))).first() is None
