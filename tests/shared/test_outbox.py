"""The outbox keeps its order, whoever died or refused: on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from bus_tests import Told, say
from harness import at_work
from payments.service import service as payments
from shared.db import utcnow
from shared.outbox import relay_once
from shared.service import Running
from shared.tables import outbox
from sqlalchemy import func, select


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/speaker.db"
    return request.getfixturevalue("database_url")


@pytest.fixture
async def speaker(url: str) -> AsyncGenerator[Running[Any]]:
    async with at_work(payments, url, Told(), lease_seconds=0.5) as running:
        yield running


async def stuck(speaker: Running[Any]) -> asyncio.Task[int | None]:
    """A relay that has taken what is due, and hangs in publishing it."""
    speaker.bus.gate.clear()  # type: ignore[attr-defined]
    relay = asyncio.create_task(relay_once(speaker))
    async with asyncio.timeout(5):
        while not await leased(speaker):
            await asyncio.sleep(0.01)
    return relay


async def leased(speaker: Running[Any]) -> int:
    count = select(func.count()).select_from(outbox).where(outbox.c.due_at > utcnow())
    async with speaker.database.read() as read:
        return (await read.execute(count)).scalar_one()


async def numbers(speaker: Running[Any], count: int) -> list[str]:
    """What the bus was told, once that is `count` of them."""
    bus: Any = speaker.bus
    async with asyncio.timeout(10):
        while len(bus.numbers) < count:
            await relay_once(speaker)
            await asyncio.sleep(0.02)
    return bus.numbers


async def test_what_was_refused_holds_back_what_is_behind_it(speaker: Running[Any]) -> None:
    speaker.bus.refusals = 1  # type: ignore[attr-defined]
    await say(speaker, 1, 2)
    assert await relay_once(speaker) is None
    await say(speaker, 3)
    assert await relay_once(speaker) == 0
    assert await numbers(speaker, 3) == ["1", "2", "3"]


async def test_what_another_relay_has_holds_back_what_is_behind_it(speaker: Running[Any]) -> None:
    await say(speaker, 1, 2)
    first = await stuck(speaker)
    await say(speaker, 3)
    assert await relay_once(speaker) == 0
    speaker.bus.gate.set()  # type: ignore[attr-defined]
    assert await first == 2
    assert await numbers(speaker, 3) == ["1", "2", "3"]


async def test_what_a_dead_relay_had_goes_first_once_its_lease_is_over(speaker: Running[Any]) -> None:
    await say(speaker, 1, 2)
    dead = await stuck(speaker)
    dead.cancel()
    await asyncio.gather(dead, return_exceptions=True)
    speaker.bus = Told()
    await say(speaker, 3)
    assert await numbers(speaker, 3) == ["1", "2", "3"]


async def test_after_a_refused_batch_no_later_one_goes_out(speaker: Running[Any]) -> None:
    """More than one batch is leased at once: the second must not overtake the first."""
    speaker.bus.refusals = 1  # type: ignore[attr-defined]
    await say(speaker, *range(600))
    assert await relay_once(speaker) is None
    assert speaker.bus.numbers == []  # type: ignore[attr-defined]
    assert await numbers(speaker, 600) == [str(number) for number in range(600)]
