"""What runs by itself: poll the mailboxes, read what was stored, forward what has an outcome."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from uuid import UUID

import structlog
from shared.db import Row
from shared.fault import fault
from shared.mailer import MailRefused
from shared.service import Running

from mail_ingest import forward, queries, worker
from mail_ingest.flows import forwarding, intake
from mail_ingest.flows import reading as reading_flow
from mail_ingest.mailbox import Item, Mail, MailboxError, open_mailbox
from mail_ingest.reading import Reading
from mail_ingest.tools import Tools, mailbox_settings

log = structlog.get_logger()

READ_AT_ONCE = 50
BATCH_BYTES = 8_000_000
UNREAD_LIMIT = 1000  # stored mails waiting in memory before polling waits for the reader


async def poll(running: Running[Tools]) -> None:
    """Visits every mailbox that is due, each in a task of its own: one that stalls stops no other."""
    visits: set[asyncio.Task[None]] = set()
    while not running.stopping.is_set():
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
        again = await _read_mailbox(running, box)
    except intake.LeaseLost:
        log.warning("mailbox_lease_lost", mailbox=str(box.id))
        return
    except MailboxError as failure:
        if failure.item is not None:
            running.tools.odd.add((box.id, failure.item.uid))
        error = str(failure)
        log.warning("mailbox_failed", mailbox=str(box.id), code=failure.code, error=error)
    except Exception as failure:
        error = f"Something went wrong on our side ({type(failure).__name__}); it is tried again."
        log.exception("mailbox_visit_failed", mailbox=str(box.id))
    async with running.work() as work:
        await intake.end_poll(work, box.id, 0 if again else box.poll_seconds, error)
    if again:
        running.wake("poll")


async def _read_mailbox(running: Running[Tools], box: Row) -> bool:
    """One session: store each batch, commit, delete what may go, and end it. True if more is waiting."""
    visit = intake.Session(box)
    limit = running.settings.session_mails
    gone: list[UUID] = []
    failures: list[MailboxError] = []
    async with open_mailbox(mailbox_settings(box, running.settings)) as session:
        items = await session.list()
        known = await queries.kept(running, box)
        wanted = [item for item in items if (item.uid, item.size) not in known]
        wanted.sort(key=lambda item: (box.id, item.uid) in running.tools.odd)
        for items in _batches(wanted[:limit], running.settings.poll_batch):
            batch = await _fetch(running, box, session.fetch(items), failures)
            fault("after_retr")
            async with running.work() as work:
                stored = await intake.store(work, visit, [(mail.item.uid, mail.raw) for mail in batch])
            fault("after_store")
            running.tools.fresh += [(mail.mail_id, mail.raw) for mail in stored if mail.fresh]
            running.wake("read")
            leaving = [(got.item, mail) for got, mail in zip(batch, stored, strict=True) if mail.expired]
            fault("before_dele")
            await session.delete([item for item, _ in leaving])
            gone += [mail.mail_id for _, mail in leaving]
            await _let_reader_catch_up(running)
        fault("after_dele")
        async with running.work() as work:
            await intake.keep_lease(work, box.id)
        fault("before_quit")
        await session.commit()
        fault("after_quit")
    if gone:
        async with running.work() as work:
            await intake.mark_deleted(work, gone)
    if failures:
        raise failures[0]
    return len(wanted) > limit


def _batches(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    """Groups of at most `size` mails or about BATCH_BYTES. Each is fetched, stored and marked for deletion
    before the next is asked for: a session's commands must not overlap."""
    batch: list[Item] = []
    held = 0
    for item in items:
        batch.append(item)
        held += item.size
        if len(batch) == size or held > BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


async def _fetch(
    running: Running[Tools], box: Row, fetched: AsyncIterator[Mail], failures: list[MailboxError]
) -> list[Mail]:
    """The mails that came whole. One that did not is left where it is, and read last from now on."""
    batch: list[Mail] = []
    async for mail in fetched:
        if mail.error is None:
            batch.append(mail)
        else:
            running.tools.odd.add((box.id, mail.item.uid))
            failures.append(mail.error)
    return batch


async def _let_reader_catch_up(running: Running[Tools]) -> None:
    while len(running.tools.fresh) > UNREAD_LIMIT and not running.stopping.is_set():
        await running.pause(0.05, "poll waits")


async def read(running: Running[Tools]) -> None:
    """Reads stored mails in the worker process and writes down what they are."""
    looked = 0.0
    while not running.stopping.is_set():
        fresh = running.tools.fresh
        batch, running.tools.fresh = fresh[:READ_AT_ONCE], fresh[READ_AT_ONCE:]
        if not batch and time.monotonic() - looked > 1:
            looked = time.monotonic()
            # one by one: after a crash the mail that caused it must not count attempts for its neighbours
            batch = await _take_up(running, 1)
            looked = looked if not batch else 0.0
        if batch:
            await _read_batch(running, batch)
        else:
            await running.pause(1.0, "read")


async def _take_up(running: Running[Tools], limit: int) -> list[tuple[UUID, bytes]]:
    if await queries.nothing_left_behind(running):
        return []
    async with running.work() as work:
        return await reading_flow.take_up(work, limit)


async def _read_batch(running: Running[Tools], batch: Sequence[tuple[UUID, bytes]]) -> None:
    mails = await queries.mails_with_boxes(running, [mail_id for mail_id, _ in batch])
    jobs = [(mails[mail_id], raw) for mail_id, raw in batch if mail_id in mails]
    readings = await worker.read(
        [worker.Job.of(mail, box, raw, running.settings) for (mail, box), raw in jobs], running.settings
    )
    fault("after_parse")
    judged: list[tuple[Row, Row, Reading]] = [
        (mail, box, found) for ((mail, box), _), found in zip(jobs, readings, strict=True)
    ]
    async with running.work() as work:
        await reading_flow.judge(work, judged)
    running.wake("send")


async def send(running: Running[Tools]) -> None:
    """Forwards each mail that has an outcome. No transaction is open while the mail server is asked."""
    while not running.stopping.is_set():
        if await queries.nothing_to_forward(running):
            await running.pause(1.0, "send")
            continue
        async with running.work() as work:
            due = await forwarding.lease_forwards(work)
        results = await asyncio.gather(*(_send(running, row) for row in due))
        fault("after_smtp")
        sent = [row.id for row, said in zip(due, results, strict=True) if said is None]
        refused = [(row, *said) for row, said in zip(due, results, strict=True) if said is not None]
        async with running.work() as work:
            if sent:
                await forwarding.mark_sent(work, sent)
            if refused:
                await forwarding.mark_refused(work, refused)
        fault("after_mark")


async def _send(running: Running[Tools], row: Row) -> tuple[str, bool] | None:
    """None when the server has it, else what it said and whether it meant it for good."""
    sender = row.return_address or running.settings.smtp_sender
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
    try:
        await running.tools.mailer.send(message, sender, [row.recipient])
    except MailRefused as refused:
        log.warning("forward_refused", forward=str(row.id), said=str(refused), permanent=refused.permanent)
        return str(refused), refused.permanent
    except (OSError, TimeoutError) as error:
        said = f"The outgoing mail server cannot be reached ({type(error).__name__}): check its settings."
        log.warning("forward_failed", forward=str(row.id), error=type(error).__name__)
        return said, False
    return None


loops = (poll, read, send)
