"""Forwards each mail that has an outcome."""

from collections.abc import Sequence
from typing import TypeAlias

import structlog
from shared.company import sender_of, smarthost_of
from shared.db import Row
from shared.events.portal import CompanyChanged
from shared.fault import fault
from shared.mailer import Mailer, MailRefused
from shared.mails import Lease, nothing_due
from shared.secrets import SecretUnreadable
from shared.service import Running

from mail_ingest import forward, queries
from mail_ingest.flows import forwarding
from mail_ingest.tables import forwards
from mail_ingest.tools import Tools

log = structlog.get_logger()

Result: TypeAlias = tuple[str, bool] | None
"""None when the server has it, else what it said and whether it meant it for good."""


async def send(running: Running[Tools]) -> None:
    """Forwards each mail that has an outcome. No transaction is open while the mail server is asked."""
    while not running.stopping.is_set():
        if await nothing_due(running, forwards):
            await running.pause(1.0, "send")
            continue
        async with running.work() as work:
            due = await forwarding.lease_forwards(work)
            company = await queries.company(work.session)
        held = Lease(running, forwards, due, "send")
        results = await _results(running, held, due, company)
        fault("after_smtp")
        async with running.work() as work:
            ours = await held.still_ours(work, [row.id for row, _ in results])
            settled = [(row, said) for row, said in results if row.id in ours]
            await forwarding.mark_sent(work, [row.id for row, said in settled if said is None])
            await forwarding.mark_refused(work, [(row, *said) for row, said in settled if said is not None])
        fault("after_mark")


async def _results(
    running: Running[Tools], held: Lease, due: Sequence[Row], company: CompanyChanged | None
) -> list[tuple[Row, Result]]:
    """The company is read anew for each batch, so that a change takes effect at once, in every replica."""
    try:
        mailer = await running.tools.mailers.through(smarthost_of(running.settings, company))
    except SecretUnreadable as error:
        return [(row, (str(error), False)) for row in due]
    sender = sender_of(running.settings, company)
    return await held.each(lambda row: _send(mailer, row, row.return_address or sender))


async def _send(mailer: Mailer, row: Row, sender: str) -> Result:
    try:
        message, _ = forward.compose(
            row.raw,
            kind=row.kind,
            to=row.recipient,
            sender_name=row.return_name,
            sender_address=sender,
            subject=row.subject or "",
            reason=row.reason or "",
            code=row.code or "",
            outcome=row.outcome or "",
            sha256=row.sha256,
        )
        await mailer.send(message, sender, row.recipient)
    except MailRefused as refused:
        log.warning("forward_refused", forward=str(row.id), said=str(refused), permanent=refused.permanent)
        return str(refused), refused.permanent
    except (OSError, TimeoutError) as error:
        said = f"The outgoing mail server cannot be reached ({type(error).__name__}): check its settings."
        log.warning("forward_failed", forward=str(row.id), error=type(error).__name__)
        return said, False
    except Exception as error:
        # whatever is wrong with this one, its neighbours go out, and once
        log.exception("forward_impossible", forward=str(row.id))
        return f"It cannot be written ({type(error).__name__}): {error}"[:300], True
    return None
