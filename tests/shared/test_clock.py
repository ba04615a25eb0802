"""A clock that was ahead for a moment stops nothing for longer than one interval."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bus_tests import Told, say
from customer.service import service as customer
from dispatch.service import service as dispatch
from harness import at_work
from mail_ingest.service import service as mail_ingest
from payments.service import service as payments
from portal_api.service import service as portal_api
from shared.clock import OUTBOX, Due, mend
from shared.db import UtcDateTime, utcnow, uuid7
from shared.service import Running, Service
from sqlalchemy import Column, Integer, MetaData, Table, Uuid, insert, select, update

SERVICES = (mail_ingest, dispatch, customer, payments, portal_api)
job = Table(
    "job",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("due_at", UtcDateTime, nullable=True),
    Column("pause", Integer, nullable=False),
)
DUE = Due(job.c.due_at, lambda _, row: row.pause, ("pause",))


@pytest.fixture(params=["sqlite", "postgresql"])
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    url = f"sqlite+aiosqlite:///{tmp_path}/x.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("database_url")
    async with at_work(payments, url, Told()) as found:
        async with found.database.writer.begin() as connection:
            await connection.run_sync(job.create)
        yield found


async def test_what_is_due_later_than_it_can_be_is_due_now(running: Running[Any]) -> None:
    now = utcnow()
    given = {60: now + timedelta(seconds=50), 61: now + timedelta(hours=1), 62: now - timedelta(hours=1)}
    rows = [{"id": uuid7(), "pause": pause, "due_at": due} for pause, due in given.items()]
    async with running.database.transaction() as session:
        await session.execute(insert(job), [*rows, {"id": uuid7(), "pause": 63, "due_at": None}])
    assert await mend(running, DUE) == 1
    async with running.database.read() as read:
        rows_now = (await read.execute(select(job.c.pause, job.c.due_at))).all()
    found: dict[int, datetime] = {row.pause: row.due_at for row in rows_now}
    assert found.pop(61) - now < timedelta(seconds=30)
    assert found == {60: given[60], 62: given[62], 63: None}
    assert await mend(running, DUE) == 0


async def test_a_relay_whose_clock_was_ahead_holds_nothing_back(running: Running[Any]) -> None:
    await say(running, 1)
    table = OUTBOX.column.table
    async with running.database.transaction() as session:
        await session.execute(update(table).values(due_at=utcnow() + timedelta(hours=1)))
    assert await mend(running, OUTBOX) == 1


async def test_a_process_whose_clock_is_behind_takes_nothing_from_others(
    running: Running[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    due = utcnow() + timedelta(seconds=20)
    async with running.database.transaction() as session:
        await session.execute(insert(job), {"id": uuid7(), "pause": 30, "due_at": due})
    if running.database.is_sqlite:
        return  # one machine, one clock
    monkeypatch.setattr("shared.db.clock", lambda: due - timedelta(hours=1))
    assert await mend(running, DUE) == 0


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_each_service_looks_after_its_times(service: Service, tmp_path: Path) -> None:
    async with at_work(service, f"sqlite+aiosqlite:///{tmp_path}/x.db") as running:
        for due in (OUTBOX, *service.due):
            assert await mend(running, due) == 0
            assert due.longest(running.settings, _Row()) > 0


class _Row:
    attempts, poll_seconds = 3, 60
