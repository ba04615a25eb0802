"""Behind PgBouncer, which lends a server's session for one transaction, everything works as without it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from bus_tests import mention
from dispatch.service import service as dispatch
from dispatches import content, received
from harness import at_work, client, feed
from localservers import PgBouncer, Postgres
from shared.bus import LocalBus
from shared.db import Database
from shared.migrate import migrate
from shared.outbox import relay_once
from shared.service import Running
from shared.tables import outbox
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError


@pytest.fixture(scope="module", params=["transaction", "session"])
def pooler(request: pytest.FixtureRequest, postgres: Postgres) -> Iterator[PgBouncer]:
    with PgBouncer(postgres, request.param) as server:
        yield server


@pytest.fixture
def pooled_url(pooler: PgBouncer, empty_database_url: str) -> str:
    return pooler.url(empty_database_url.rpartition("/")[2])


async def test_a_service_works_behind_it(pooled_url: str) -> None:
    database = Database(pooled_url)
    await migrate(dispatch, database)
    await database.close()
    async with at_work(dispatch, pooled_url, loops=True) as running:

        async def hit() -> int:
            async with client(running, "office.dispatcher") as http:
                return (await http.get("/v1/dispatches")).status_code

        numbers = [str(100 + number) for number in range(20)]
        for _ in range(3):
            assert set(await asyncio.gather(*(hit() for _ in range(20)))) == {200}
        await asyncio.gather(*(feed(running, received(content(number))) for number in numbers))
        async with client(running, "office.dispatcher") as http:
            page = (await http.get("/v1/dispatches", params={"limit": 50})).json()
            ready = await http.get("/readyz")
        assert sorted(item["number"] for item in page["items"]) == numbers
        assert ready.status_code == 200
        assert running.database.pooled


async def test_one_that_failed_leaves_nothing_behind(pooled_url: str) -> None:
    database = Database(pooled_url)
    for _ in range(30):
        with pytest.raises(DBAPIError):
            async with database.read() as read:
                await read.execute(text("SELECT 1 / 0"))
        async with database.read() as read:
            assert (await read.execute(text("SELECT 1"))).scalar_one() == 1
    await database.close()


async def test_what_one_statement_writes_is_there(pooled_url: str) -> None:
    database = Database(pooled_url)
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE note (n int)"))
    async with database.alone() as alone:
        await alone.execute(text("INSERT INTO note VALUES (7)"))
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT n FROM note")) == 7
    await database.close()


async def test_the_relay_and_its_locks_work_behind_it(pooled_url: str) -> None:
    from payments.service import service as payments

    database = Database(pooled_url)
    await migrate(payments, database)
    running: Running[Any] = Running(payments, payments.settings(database_url=pooled_url), database, Told())
    async with running.start(loops=False):
        async with running.work() as work:
            for number in range(10):
                work.emit(mention(str(number)), str(number))
        assert (
            sum([sent or 0 for sent in await asyncio.gather(*(relay_once(running) for _ in range(4)))]) == 10
        )
        async with running.database.read() as read:
            assert (await read.execute(select(func.count()).select_from(outbox))).scalar_one() == 0


class Told(LocalBus):
    async def publish(self, name: str, body: bytes, source: str) -> None:
        await asyncio.sleep(0.05)


async def test_the_settings_of_a_session_come_with_the_role(pooled_url: str) -> None:
    database = Database(pooled_url)
    await migrate(dispatch, database)
    async with database.read() as read:
        kept = (await read.execute(text("SELECT unnest(setconfig) FROM pg_db_role_setting"))).scalars()
    assert {"lock_timeout=10s", "statement_timeout=60s"} <= set(kept)
    await database.close()
    assert database.pooled
