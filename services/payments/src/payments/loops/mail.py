"""Sends the invoices that `flows.mails` queued."""

from dataclasses import replace
from functools import partial

from shared.company import sender_of, smarthost_of
from shared.db import Row, utcnow
from shared.events.portal import CompanyChanged
from shared.mailer import Mailer
from shared.mails import Lease, lease, nothing_due, outcome, settle
from shared.secrets import SecretUnreadable
from shared.service import Running

from payments.flows.links import address_in_mail
from payments.letter import compose
from payments.models import invoice_mail
from payments.queries.documents import company_of, facts_of
from payments.tools import Tools

_NOTHING_OPEN = "There was nothing to be paid any more."


class _Needless(Exception):
    """A reminder of what was paid in the meantime."""


async def mail(running: Running[Tools]) -> None:
    """Several may run. No transaction is open while the mail server is asked; the company is read anew for
    each batch, so that a change takes effect at once."""
    settings = running.settings
    while not running.stopping.is_set():
        if await nothing_due(running, invoice_mail):
            await running.pause(1.0, "mail")
            continue
        async with running.work() as work:
            due = await lease(work, invoice_mail, settings.outgoing_batch)
            about = await company_of(work.session)
        held = Lease(running, invoice_mail, due, "mail")
        try:
            mailer = await running.tools.mailers.through(smarthost_of(settings, about))
        except SecretUnreadable as error:
            results = [(row, ("waiting", str(error))) for row in due]
        else:
            results = await held.each(partial(_outcome, running, mailer, about))
        async with running.work() as work:
            ours = await held.still_ours(work, [row.id for row, _ in results])
            for row, (state, answer) in results:
                if row.id not in ours:
                    continue
                hours = settings.outgoing_give_up_hours
                await settle(work, invoice_mail, row, state, answer, give_up_hours=hours)


async def _outcome(
    running: Running[Tools], mailer: Mailer, about: CompanyChanged | None, row: Row
) -> tuple[str, str | None]:
    state, answer = await outcome(row.id, _send(running, row, mailer, about), refuses=(_Needless,))
    return ("needless" if answer == _NOTHING_OPEN else state), answer


async def _send(running: Running[Tools], row: Row, mailer: Mailer, about: CompanyChanged | None) -> None:
    async with running.database.read() as read:
        facts = await facts_of(read, running.settings, row.invoice_id)
        shown = dict(facts.invoice)
        facts = replace(facts, pay_url=await address_in_mail(read, running.settings, shown, utcnow()))
    if row.kind == "reminder" and not shown["payable"]:
        raise _Needless(_NOTHING_OPEN)
    sender = sender_of(running.settings, about)
    message = compose(
        facts,
        await running.tools.printed(facts),
        id=row.id,
        to=row.recipient,
        sender_name=(about.sender_name if about else None) or facts.company,
        sender_address=sender,
        now=utcnow(),
        reminder=row.kind == "reminder",
    )
    await mailer.send(message, sender, row.recipient)
