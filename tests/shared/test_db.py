"""Whoever waits for a connection gets it in turn."""

import asyncio
from itertools import pairwise

from shared.db import Database
from sqlalchemy import text

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
