"""Sends what `flows.messages` queued."""

from collections.abc import Callable, Mapping
from functools import partial

from shared.db import Row, utcnow
from shared.mailer import Mailer
from shared.mails import Lease, lease, nothing_due, outcome, settle
from shared.secrets import SecretUnreadable
from shared.service import Running

from portal_api.flows.messages import opened
from portal_api.flows.unsubscribe import unsubscribe_url
from portal_api.letter import AddressRefused, compose
from portal_api.models.messages import outgoing
from portal_api.queries.company import Sending, company_values, read_company, sending
from portal_api.queries.messages import unsubscribed_among, wordings
from portal_api.settings import PortalSettings
from portal_api.templates import Wording, WordingRefused, render
from portal_api.tools import Tools
from portal_api.wording import message_of


async def send(running: Running[Tools]) -> None:
    """No transaction is open while the mail server is asked. The company and the wordings are read anew for
    each batch, so that a change takes effect at once, in every replica."""
    while not running.stopping.is_set():
        if await nothing_due(running, outgoing):
            await running.pause(1.0, "send")
            continue
        async with running.work() as work:
            due = await lease(work, outgoing, running.settings.outgoing_batch)
            known = await read_company(work.session)
            kept = await wordings(work.session, {row.message for row in due})
            gone = await unsubscribed_among(work.session, {row.recipient for row in due})
        held = Lease(running, outgoing, due, "send")
        try:
            through = sending(running.settings, known)
            mailer = await running.tools.mailers.through(through.smarthost)
        except SecretUnreadable as error:
            results = [(row, ("waiting", str(error))) for row in due]
        else:
            company = company_values(running.settings, known.about)
            letter = partial(
                _letter, settings=running.settings, through=through, wordings=kept, company=company
            )
            results = await held.each(
                partial(_send, mailer=mailer, through=through, letter=letter, gone=gone)
            )
        async with running.work() as work:
            ours = await held.still_ours(work, [row.id for row, _ in results])
            for row, (state, answer) in results:
                if row.id not in ours:
                    continue
                hours = running.settings.outgoing_give_up_hours  # what is over is erased
                await settle(work, outgoing, row, state, answer, give_up_hours=hours, sealed=None)


async def _send(
    row: Row, mailer: Mailer, through: Sending, letter: Callable[[Row], bytes], gone: set[str]
) -> tuple[str, str | None]:
    """The mail's next state, and what the server said."""
    if not message_of(row.message).contractual and row.recipient.casefold() in gone:
        return "suppressed", "This address is unsubscribed."

    async def post() -> None:
        await mailer.send(letter(row), through.address, row.recipient)

    return await outcome(row.id, post(), (WordingRefused, AddressRefused, SecretUnreadable))


def _letter(
    row: Row,
    *,
    settings: PortalSettings,
    through: Sending,
    wordings: Mapping[str, Wording],
    company: Mapping[str, str],
) -> bytes:
    """Raises WordingRefused, AddressRefused, SecretUnreadable."""
    contractual = message_of(row.message).contractual
    values, attachments = opened(settings, row)
    return compose(
        id=row.id,
        wording=render(wordings[row.message], {**company, **values}),
        to=row.recipient,
        sender_name=through.name,
        sender_address=through.address,
        now=utcnow(),
        unsubscribe=None if contractual else unsubscribe_url(settings, row.recipient),
        attachments=attachments,
    )
