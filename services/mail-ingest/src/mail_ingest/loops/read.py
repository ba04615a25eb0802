"""Reads what was stored, in the worker process, and writes down what it is."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import structlog
from shared.db import Row
from shared.fault import fault
from shared.service import Running

from mail_ingest import queries, worker
from mail_ingest.flows import reading as reading_flow
from mail_ingest.reading import Reading
from mail_ingest.tools import Tools

log = structlog.get_logger()

READ_AT_ONCE = 50


async def read(running: Running[Tools]) -> None:
    """Two readers: while one waits for the worker process, the other writes down what came from it."""
    await asyncio.gather(_reader(running), _reader(running))


async def _reader(running: Running[Tools]) -> None:
    while not running.stopping.is_set():
        fresh = running.tools.fresh
        batch, running.tools.fresh = fresh[:READ_AT_ONCE], fresh[READ_AT_ONCE:]
        batch = batch or await _take_up(running)
        if batch:
            await _read_batch(running, batch)
            if not running.tools.fresh:
                running.wake("poll")  # a mailbox waits until its last mails are read
        else:
            await running.pause(1.0, "read")


async def _take_up(running: Running[Tools]) -> list[tuple[UUID, bytes]]:
    if await queries.nothing_left_behind(running):
        return []
    async with running.work() as work:
        return await reading_flow.take_up(work, READ_AT_ONCE)


async def _read_batch(running: Running[Tools], batch: Sequence[tuple[UUID, bytes]]) -> None:
    mails = await queries.mails_with_boxes(running, [mail_id for mail_id, _ in batch])
    jobs = [(mails[mail_id], raw) for mail_id, raw in batch if mail_id in mails]
    told = [worker.Job.of(mail, box, raw, running.settings) for (mail, box), raw in jobs]
    async with running.tools.worker:
        readings = await worker.read(told, running.settings)
    fault("after_parse")
    judged: list[tuple[Row, Row, Reading]] = [
        (mail, box, found) for ((mail, box), _), found in zip(jobs, readings, strict=True)
    ]
    async with running.work() as work:
        await reading_flow.judge(work, judged)
    running.wake("send")
