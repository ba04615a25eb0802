"""Mailboxes: list, fetch, delete, commit, the same over POP3, IMAP and a Maildir folder.

    async with open_mailbox(settings) as session:
        items = await session.list()
        async for mail in session.fetch(items):
            ...  # store it; the commit of the database comes before the next line
        await session.delete(stored)
        await session.commit()

Until `commit` nothing is deleted, whatever happens. Every error is a MailboxError.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mail_ingest.mailbox import imap, maildir, pop3
from mail_ingest.mailbox.values import Item, Mail, MailboxError, MailboxSettings, Report, Step

__all__ = [
    "Item",
    "Mail",
    "MailboxError",
    "MailboxSettings",
    "Report",
    "Session",
    "Step",
    "open_mailbox",
    "test_connection",
]

Session = pop3.Pop3Session | imap.ImapSession | maildir.MaildirSession

READERS = {"pop3": pop3.open_session, "imap": imap.open_session, "maildir": maildir.open_session}


@asynccontextmanager
async def open_mailbox(settings: MailboxSettings, steps: list[Step] | None = None) -> AsyncGenerator[Session]:
    """A session after login. Leaving it without `commit` deletes nothing."""
    session = await READERS[settings.kind](settings, [] if steps is None else steps)
    try:
        yield session
    finally:
        await session.close()


async def test_connection(settings: MailboxSettings) -> Report:
    """Try everything short of reading a mail: the steps that worked, and the first that did not, with the
    reason and the setting to change."""
    steps: list[Step] = []
    try:
        async with open_mailbox(settings, steps) as session:
            items = await session.list()
            steps.append(Step("list", True, f"{len(items)} mails, {sum(item.size for item in items)} bytes"))
            await session.commit()
    except MailboxError as error:
        return Report(False, (*steps, Step(error.step, False, str(error))))
    return Report(True, tuple(steps))
