"""Whoever waits for a connection gets it in turn; a connection that was cut is used by nobody again."""

import asyncio
from itertools import pairwise

import pytest
from shared.db import Database
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

CALLERS = 16


async def test_a_crowd_is_served_in_turn(empty_database_url: str) -> None:
    database = Database(empty_database_url, pool=2)
    served: dict[int, list[int]] = {who: [] for who in range(CALLERS)}
    clock = iter(range(10**6))

    async def ask(who: int) -> None:
        for _ in range(50):
            async with database.read() as read:
                served[who].append(next(clock))
                await read.execute(text("SELECT pg_sleep(0.0002)"))

    await asyncio.gather(*(ask(who) for who in range(CALLERS)))
    await database.close()
    longest = max(after - before for turns in served.values() for before, after in pairwise(turns))
    assert longest <= CALLERS + 2


BACKEND = text("SELECT pg_backend_pid()")


async def test_readers_share_a_kept_connection_and_survive_a_failed_statement(
    empty_database_url: str,
) -> None:
    database = Database(empty_database_url)
    async with database.read() as read:
        backend = (await read.execute(BACKEND)).scalar_one()
    with pytest.raises(DBAPIError):
        async with database.read() as read:
            await read.execute(text("SELECT 1 / 0"))
    async with database.read() as read:
        assert (await read.execute(BACKEND)).scalar_one() == backend
    await database.close()


async def test_after_a_cut_the_other_kept_connections_are_not_used_again(empty_database_url: str) -> None:
    """They were cut too: each would be one more request that fails for nothing."""
    database = Database(empty_database_url)
    together = asyncio.Barrier(3)

    async def ask() -> int:
        async with database.read() as read:
            await together.wait()
            return (await read.execute(BACKEND)).scalar_one()

    before = set(await asyncio.gather(*(ask() for _ in range(3))))
    assert len(before) == 3
    async with database.transaction() as other:
        for backend in before:
            await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})
    with pytest.raises(DBAPIError):
        async with database.read() as read:
            await read.execute(BACKEND)
    after = set(await asyncio.gather(*(ask() for _ in range(3))))
    await database.close()
    assert len(after) == 3
    assert after.isdisjoint(before)


async def test_a_reader_that_hides_the_cut_hands_on_no_broken_connection(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    async with database.read() as read:
        backend = (await read.execute(BACKEND)).scalar_one()
        async with database.transaction() as other:
            await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})
        with pytest.raises(DBAPIError):
            await read.execute(BACKEND)
    async with database.read() as read:
        assert (await read.execute(BACKEND)).scalar_one() != backend
    await database.close()


async def test_a_reader_that_was_cancelled_leaves_no_answer_for_the_next(empty_database_url: str) -> None:
    database = Database(empty_database_url)

    async def ask() -> None:
        async with database.read() as read:
            await read.execute(text("SELECT pg_sleep(30), 'late'"))

    asked = asyncio.create_task(ask())
    await asyncio.sleep(0.2)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    async with database.read() as read:
        assert (await read.execute(text("SELECT 'mine'"))).scalar_one() == "mine"
    await database.close()
