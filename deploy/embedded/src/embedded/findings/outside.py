"""What can be wrong around us: mailboxes, the outgoing mail server, the partners, the broker."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from dispatch.models import partner_account
from mail_ingest.mailbox import test_connection
from mail_ingest.tables import mailboxes
from mail_ingest.tools import mailbox_settings
from shared.db import utcnow
from shared.mailer import MailRefused, open_mailer
from shared.secrets import SecretUnreadable, unseal
from shared.service import Running
from sqlalchemy import select

from embedded.findings.base import Finding
from embedded.findings.here import CLOCK
from embedded.house import SIMULATOR


async def polled(services: Mapping[str, Running[Any]]) -> AsyncIterator[Finding]:
    running = services["mail-ingest"]
    async with running.database.read() as read:
        boxes = (await read.execute(select(mailboxes).where(mailboxes.c.enabled))).all()
    if not boxes:
        yield Finding("mailbox", "none is set", "Set one: POST /v1/mailboxes")
    for box in boxes:
        what = f"mailbox {box.name!r}"
        try:
            report = await test_connection(mailbox_settings(box, running.settings))
        except SecretUnreadable as error:
            yield Finding(what, "its password cannot be opened", str(error))
            continue
        last = report.steps[-1]
        yield Finding(
            what, last.detail if report.ok else f"failed at {last.name}", "" if report.ok else last.detail
        )


async def outgoing(services: Mapping[str, Running[Any]]) -> AsyncIterator[Finding]:
    settings = services["mail-ingest"].settings
    where = f"{settings.smtp_host}:{settings.smtp_port}" if settings.smtp_host else settings.mail_dir
    try:
        async with open_mailer(settings) as mailer:
            await mailer.check()
        yield Finding("outgoing mail", f"{where} takes it")
    except (MailRefused, OSError) as error:
        mend = f"{error or type(error).__name__}: look at the settings CALLBOARD_SMTP_…, or at the folder."
        yield Finding("outgoing mail", f"{where} takes nothing", mend)


async def partners(services: Mapping[str, Running[Any]]) -> AsyncIterator[Finding]:
    """Whether their servers answer at all: a status update is never sent only to look."""
    running = services["dispatch"]
    async with running.database.read() as read:
        accounts = (
            (await read.execute(select(partner_account).where(partner_account.c.enabled))).mappings().all()
        )
    if not accounts:
        yield Finding("partner", "no account is set", "Set one: PUT /v1/partner-accounts/ahs")
    for account in accounts:
        what = f"partner {account['partner']}"
        try:
            unseal(running.settings, account["password"], f"partner_account/{account['partner']}/password")
            async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
                answer = await client.head(account["url"])
        except SecretUnreadable as error:
            yield Finding(what, "its password cannot be opened", str(error))
        except httpx.HTTPError as error:
            mend = "" if account["url"].endswith(SIMULATOR) else "Is the address right, and the network up?"
            yield Finding(what, f"{account['url']} does not answer ({type(error).__name__})", mend)
        else:
            off = _clock_difference(answer)
            mend = f"Its clock and ours differ by {off}: set ours with NTP." if abs(off) > CLOCK else ""
            yield Finding(what, f"{account['url']} answers", mend)


def _clock_difference(answer: httpx.Response) -> timedelta:
    try:
        return utcnow() - parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError, TypeError):
        return timedelta()


async def bus(running: Running[Any]) -> Finding:
    what = f"bus, for {running.name}"
    try:
        dead = len(await running.bus.dead_letters(running))
    except Exception as error:  # a broker fails in many ways, and all of them are the finding
        return Finding(
            what, f"cannot be used ({type(error).__name__})", "Does RabbitMQ run? Look at the bus URL."
        )
    module = running.service.package
    mend = f"See why, mend it, then replay them: python -m {module} dead list" if dead else ""
    return Finding(what, f"connected, {dead} events could not be handled", mend)
