"""Reads what was stored, in the worker process, and writes down what it is."""

import asyncio
from uuid import UUID

import structlog
from shared.db import Row
from shared.failures import is_outage
from shared.fault import fault
from shared.service import Running

from mail_ingest import queries, worker
from mail_ingest.flows import reading as reading_flow
from mail_ingest.portion import portion
from mail_ingest.reading import Reading
from mail_ingest.tools import Tools

log = structlog.get_logger()

READ_AT_ONCE = 200


async def read(running: Running[Tools]) -> None:
    """Two readers: while one writes down what it has read, the other reads on; in the order of the mails."""
    readers = [asyncio.create_task(_reader(running)) for _ in range(2)]
    try:
        await asyncio.gather(*readers)
    finally:
        for reader in readers:
            reader.cancel()


async def _reader(running: Running[Tools]) -> None:
    tools = running.tools
    while not running.stopping.is_set():
        async with tools.reading:
            judged = await _read_batch(running)
            if judged:
                await tools.writing.acquire()  # before the other reader may take the next mails
        if not judged:
            await running.pause(1.0, "read")
            continue
        try:
            async with running.work() as work:
                await reading_flow.judge(work, judged)
        except Exception as error:
            if is_outage(error):
                tools.blameless |= {mail.id for mail, _, _ in judged}
            raise
        finally:
            tools.writing.release()
        running.wake("send")
        if not tools.fresh:
            running.wake("poll")  # a mailbox waits until its last mails are read


async def _take_up(running: Running[Tools]) -> list[tuple[UUID, bytes]]:
    if await queries.nothing_left_behind(running):
        return []
    blameless = set(running.tools.blameless)
    async with running.work() as work:
        await reading_flow.forget_attempts(work, blameless)
        taken = await reading_flow.take_up(work, READ_AT_ONCE)
    running.tools.blameless -= blameless
    return taken


async def _read_batch(running: Running[Tools]) -> list[tuple[Row, Row, Reading]]:
    """The next mails, each with its mailbox and what the worker process made of it."""
    fresh = running.tools.fresh
    batch = portion(fresh, READ_AT_ONCE, lambda mail: len(mail[1]))
    running.tools.fresh = fresh[len(batch) :]
    batch = batch or await _take_up(running)
    if not batch:
        return []
    mails = await queries.mails_with_boxes(running, [mail_id for mail_id, _ in batch])
    found = [(mails[mail_id], raw) for mail_id, raw in batch if mail_id in mails]
    jobs = [worker.Job.of(mail, box, raw, running.settings) for (mail, box), raw in found]
    readings = await worker.read(jobs, running.settings)
    fault("after_parse")
    return [(mail, box, reading) for ((mail, box), _), reading in zip(found, readings, strict=True)]
