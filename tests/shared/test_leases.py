"""What is leased is sent once, however long it takes: it is renewed, and only its holder settles it."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from harness import at_work
from payments.service import service as payments
from shared.db import Row, UtcDateTime, utcnow, uuid7
from shared.mails import Lease, lease, settle
from shared.service import Running
from sqlalchemy import Column, Integer, MetaData, String, Table, Text, Uuid, insert, select, update

LEASE = 0.6
note_mail = Table(
    "note_mail",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("answer", Text, nullable=True),
    Column("due_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime, nullable=True),
)


@pytest.fixture(params=["sqlite", "postgresql"])
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    url = f"sqlite+aiosqlite:///{tmp_path}/x.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("database_url")
    async with at_work(payments, url, lease_seconds=LEASE, smtp_connections=2) as found:
        async with found.database.writer.begin() as connection:
            await connection.run_sync(note_mail.create)
        yield found


async def queue(running: Running[Any], count: int) -> None:
    now = utcnow()
    row = {"state": "waiting", "attempts": 0, "due_at": now, "created_at": now}
    async with running.database.transaction() as session:
        await session.execute(insert(note_mail), [{**row, "id": uuid7()} for _ in range(count)])


async def taken(running: Running[Any]) -> Lease:
    async with running.work() as work:
        return Lease(running, note_mail, await lease(work, note_mail, 100), "mail")


async def states(running: Running[Any]) -> set[str]:
    async with running.database.read() as read:
        return set((await read.execute(select(note_mail.c.state))).scalars())


async def test_a_batch_that_takes_longer_than_its_lease_goes_out_once(running: Running[Any]) -> None:
    await queue(running, 8)
    sent: list[Any] = []

    async def slow(row: Row) -> str:
        sent.append(row.id)
        await asyncio.sleep(LEASE / 2)
        return "sent"

    async def replica() -> None:
        async with asyncio.timeout(20):
            while "waiting" in await states(running):
                held = await taken(running)
                results = await held.each(slow)
                async with running.work() as work:
                    ours = await held.still_ours(work, [row.id for row, _ in results])
                    for row, state in results:
                        if row.id in ours:
                            await settle(work, note_mail, row, state, None, give_up_hours=1)
                await asyncio.sleep(0.05)

    await asyncio.gather(replica(), replica())
    assert len(sent) == len(set(sent)) == 8
    assert await states(running) == {"sent"}


async def test_who_lost_the_lease_begins_nothing_and_settles_nothing(
    running: Running[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a pause of the whole process: somebody else took all of them over and is at it."""
    await queue(running, 4)
    held = await taken(running)
    async with running.database.transaction() as session:
        later = utcnow() + timedelta(seconds=60)
        await session.execute(update(note_mail).values(due_at=later))
    monkeypatch.setattr(held, "_renewed", held._renewed - 2 * LEASE)  # time that passed
    begun: list[Any] = []

    async def send(row: Row) -> None:
        begun.append(row.id)

    assert await held.each(send) == []
    assert begun == []
    async with running.work() as work:
        async with running.database.read() as read:
            ids = list((await read.execute(select(note_mail.c.id))).scalars())
        assert await held.still_ours(work, ids) == set()
