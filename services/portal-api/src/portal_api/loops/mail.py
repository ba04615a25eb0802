"""Sends what `flows.messages` queued."""

import asyncio
from collections.abc import Mapping

import structlog
from shared.db import Row, utcnow
from shared.mailer import Mailer, MailRefused
from shared.secrets import SecretUnreadable
from shared.service import Running

from portal_api.flows.messages import lease_outgoing, opened, settle_outgoing
from portal_api.flows.unsubscribe import unsubscribe_url
from portal_api.letter import AddressRefused, compose
from portal_api.queries.company import Sending, company_values, read_company, sending
from portal_api.queries.messages import nothing_to_send, unsubscribed_among, wordings
from portal_api.templates import Wording, WordingRefused, render
from portal_api.tools import Tools
from portal_api.wording import message_of

log = structlog.get_logger()


async def send(running: Running[Tools]) -> None:
    """No transaction is open while the mail server is asked. The company and the wordings are read anew for
    each batch, so that a change takes effect at once, in every replica."""
    while not running.stopping.is_set():
        if await nothing_to_send(running):
            await running.pause(1.0, "send")
            continue
        async with running.work() as work:
            due = await lease_outgoing(work)
            known = await read_company(work.session)
            kept = await wordings(work.session, {row.message for row in due})
            gone = await unsubscribed_among(work.session, {row.recipient for row in due})
        try:
            through = sending(running.settings, known)
            mailer = await running.tools.mailers.through(through.smarthost)
        except SecretUnreadable as error:
            results = [("waiting", str(error))] * len(due)
        else:
            values = company_values(running.settings, known.about)
            results = await asyncio.gather(
                *(_send(running, row, mailer, through, kept[row.message], values, gone) for row in due)
            )
        async with running.work() as work:
            for row, (state, answer) in zip(due, results, strict=True):
                await settle_outgoing(work, row, state, answer)


async def _send(
    running: Running[Tools],
    row: Row,
    mailer: Mailer,
    through: Sending,
    wording: Wording,
    company: Mapping[str, str],
    gone: set[str],
) -> tuple[str, str | None]:
    """The mail's next state, and what the server said."""
    contractual = message_of(row.message).contractual
    if not contractual and row.recipient.casefold() in gone:
        return "suppressed", "This address is unsubscribed."
    try:
        values, attachments = opened(running.settings, row)
        mail = compose(
            id=row.id,
            wording=render(wording, {**company, **values}),
            to=row.recipient,
            sender_name=through.name,
            sender_address=through.address,
            now=utcnow(),
            unsubscribe=None if contractual else unsubscribe_url(running.settings, row.recipient),
            attachments=attachments,
        )
        await mailer.send(mail, through.address, [row.recipient])
    except MailRefused as refused:
        log.warning("mail_refused", mail=str(row.id), said=str(refused), permanent=refused.permanent)
        return "failed" if refused.permanent else "waiting", str(refused)
    except (OSError, TimeoutError) as error:
        log.warning("mail_failed", mail=str(row.id), error=type(error).__name__)
        return "waiting", "The mail server cannot be reached: check the company's mail server."
    except (WordingRefused, AddressRefused, SecretUnreadable) as error:
        log.warning("mail_impossible", mail=str(row.id), error=type(error).__name__)
        return "failed", str(error)[:300]
    except Exception as error:
        # whatever is wrong with this one, its neighbours go out
        log.exception("mail_impossible", mail=str(row.id))
        return "failed", f"It cannot be written ({type(error).__name__})."
    return "sent", None
