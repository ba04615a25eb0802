"""A process that stands still in the middle of a transaction must not hold up the others for ever."""

import asyncio

import asyncpg
from harness import at_work
from mail_ingest.service import service


async def test_a_session_that_stands_still_while_it_prepares_a_statement_is_ended(database_url: str) -> None:
    async with at_work(service, database_url, loops=True):
        connect = asyncpg.connect(database_url.replace("+asyncpg", ""))
        stalled, other = await connect, await asyncpg.connect(database_url.replace("+asyncpg", ""))
        try:
            await stalled.execute("BEGIN")
            await stalled.execute("SELECT pg_advisory_xact_lock(7)")
            await stalled.prepare("SELECT 1")
            async with asyncio.timeout(25):
                await other.execute("SELECT pg_advisory_lock(7)")
        finally:
            stalled.terminate()
            await other.close()
