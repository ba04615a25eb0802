"""One process at a time renews an account's tokens, and none holds a transaction open meanwhile."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from harness import at_work
from payments.flows.tokens import StoredTokens
from payments.models import token_renewal
from payments.service import service as payments
from shared.db import utcnow, uuid7
from shared.service import Running
from sqlalchemy import insert, select


@pytest.fixture(params=["sqlite", "postgresql"])
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    url = f"sqlite+aiosqlite:///{tmp_path}/x.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("database_url")
    async with at_work(payments, url) as found:
        yield found


def process(running: Running[Any], account: UUID) -> StoredTokens:
    """As another process has it: with locks of its own."""
    tools: Any = SimpleNamespace(locks={}, settings=running.settings)
    return StoredTokens(tools, running.database, account)


async def test_one_process_renews_at_a_time(running: Running[Any]) -> None:
    account, at_once, most, done = uuid7(), 0, 0, 0

    async def renew() -> None:
        nonlocal at_once, most, done
        async with process(running, account).lock():
            at_once += 1
            most = max(most, at_once)
            async with running.work() as work:  # a connection is free: none is held
                work.audit(who="x", action="x", subject="x")
            await asyncio.sleep(0.05)
            at_once -= 1
            done += 1

    await asyncio.gather(*(renew() for _ in range(4)))
    assert (most, done) == (1, 4)
    async with running.database.read() as read:
        assert (await read.execute(select(token_renewal))).all() == []


@pytest.mark.parametrize("until", [timedelta(seconds=-1), timedelta(hours=1)])
async def test_what_a_dead_process_or_a_clock_left_behind_holds_up_nobody(
    running: Running[Any], until: timedelta
) -> None:
    account = uuid7()
    async with running.database.transaction() as session:
        await session.execute(insert(token_renewal), {"account_id": account, "until": utcnow() + until})
    async with asyncio.timeout(5), process(running, account).lock():
        pass
