"""Visits the mailboxes: store, commit, delete, and only then let the server forget."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from uuid import UUID

import structlog
from shared.db import Row
from shared.fault import fault
from shared.service import Running

from mail_ingest import queries
from mail_ingest.flows import intake
from mail_ingest.mailbox import Item, Mail, MailboxError, open_mailbox
from mail_ingest.portion import BYTES, portion
from mail_ingest.tools import Tools, mailbox_settings

log = structlog.get_logger()

UNREAD_LIMIT = 1000  # stored mails waiting in memory before polling waits for the reader
UNREAD_BYTES = 8 * BYTES


async def poll(running: Running[Tools]) -> None:
    """Visits every mailbox that is due, each in a task of its own: one that stalls stops no other."""
    visits: set[asyncio.Task[None]] = set()
    while not running.stopping.is_set():
        if await queries.mailbox_due(running):
            async with running.work() as work:
                due = await intake.lease_mailboxes(work)
            for box in due:
                visit = asyncio.create_task(_visit(running, box))
                visits.add(visit)
                visit.add_done_callback(visits.discard)
        await running.pause(1.0, "poll")
    await asyncio.gather(*visits)


async def _visit(running: Running[Tools], box: Row) -> None:
    error: str | None = None
    again = False
    try:
        again = await _leased(running, box, asyncio.create_task(_read_mailbox(running, box)))
    except intake.LeaseLost:
        log.warning("mailbox_lease_lost", mailbox=str(box.id))
        return
    except MailboxError as failure:
        again = _remember_odd(running, box, failure)
        error = str(failure)
        log.warning("mailbox_failed", mailbox=str(box.id), code=failure.code, error=error)
    except Exception as failure:
        error = f"Something went wrong on our side ({type(failure).__name__}); it is tried again."
        log.exception("mailbox_visit_failed", mailbox=str(box.id))
    async with running.work() as work:
        await intake.end_poll(work, box, 0 if again else box.poll_seconds, error)
    if again:
        running.wake("poll")


def _remember_odd(running: Running[Tools], box: Row, failure: MailboxError) -> bool:
    """Whether a mail that nobody knew to be odd ended the session: the others are then read at once."""
    odd = running.tools.odd.setdefault(box.id, set())
    if failure.item is None or not failure.item.uid or failure.item.uid in odd:
        return False
    odd.add(failure.item.uid)
    return True


async def _leased(running: Running[Tools], box: Row, visit: asyncio.Task[bool]) -> bool:
    """The visit's result; keeps its lease alive, and ends it when the lease is gone all the same."""
    try:
        while not (await asyncio.wait({visit}, timeout=running.settings.lease_seconds / 3))[0]:
            async with running.work() as work:
                await intake.keep_lease(work, box)
        return await visit
    finally:
        visit.cancel()


async def _read_mailbox(running: Running[Tools], box: Row) -> bool:
    """Reads what is new. True if more is waiting."""
    known = await queries.kept(running, box)
    odd = running.tools.odd.setdefault(box.id, set())
    limit = running.settings.session_mails
    found: list[Item] = []

    def new(items: Sequence[Item]) -> list[Item]:
        # a server without UIDL names no mail, so its mails are told apart by their bytes alone
        wanted = [item for item in items if not item.uid or (item.uid, item.size) not in known]
        found[:] = wanted
        return [item for item in wanted if item.uid not in odd][:limit]

    await _session(running, box, new)
    for uid in [item.uid for item in found if item.uid in odd]:
        # one that broke a session is read alone, so that it holds up neither its neighbours nor their end
        await _session(running, box, lambda items, uid=uid: [item for item in items if item.uid == uid])
    return len(found) > limit


async def _session(running: Running[Tools], box: Row, choose: Callable[[Sequence[Item]], list[Item]]) -> None:
    """One session: store each batch, commit, delete what may go, and end it."""
    visit = intake.Session(box)
    gone: list[UUID] = []
    failures: list[MailboxError] = []
    async with open_mailbox(mailbox_settings(box, running.settings)) as session:
        for items in _batches(choose(await session.list()), running.settings.poll_batch):
            batch = await _fetch(session.fetch(items), failures)
            fault("after_retr")
            async with running.work() as work:
                stored = await intake.store(work, visit, [(mail.item.uid, mail.raw) for mail in batch])
            fault("after_store")
            running.tools.fresh += [(mail.mail_id, mail.raw) for mail in stored if mail.fresh]
            running.wake("read")
            leaving = [(got.item, mail) for got, mail in zip(batch, stored, strict=True) if mail.expired]
            fault("before_dele")
            refused = await session.delete([item for item, _ in leaving])
            gone += [mail.mail_id for item, mail in leaving if item not in refused]
            await _let_reader_catch_up(running)
        fault("after_dele")
        async with running.work() as work:
            await intake.keep_lease(work, box)
        fault("before_quit")
        await session.commit()
        fault("after_quit")
    if gone:
        async with running.work() as work:
            await intake.keep_lease(
                work, box
            )  # without it, another visit may have read them before they went
            await intake.mark_deleted(work, gone)
    if failures:
        raise failures[0]


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Groups of at most `size` mails. Each is fetched, stored and marked for deletion before the next is
    asked for: a session's commands must not overlap."""
    while batch := portion(items, size, lambda item: item.size):
        yield batch
        items = items[len(batch) :]


async def _fetch(fetched: AsyncIterator[Mail], failures: list[MailboxError]) -> list[Mail]:
    """The mails that came whole. One that did not is left where it is."""
    batch: list[Mail] = []
    async for mail in fetched:
        if mail.error is None:
            batch.append(mail)
        else:
            failures.append(mail.error)
    return batch


async def _let_reader_catch_up(running: Running[Tools]) -> None:
    fresh = running.tools.fresh
    while len(fresh) > UNREAD_LIMIT or sum(len(raw) for _, raw in fresh) > UNREAD_BYTES:
        if running.stopping.is_set():
            return
        await running.pause(0.05, "poll waits")
        fresh = running.tools.fresh
