"""A release and a database of another one: which is older is said, and nothing is buried meanwhile."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from bus_tests import mention
from fastapi import APIRouter
from harness import client, envelope
from payments.models import Base
from payments.service import service as payments
from shared.bus import LocalBus
from shared.consumer import deliver
from shared.db import Database
from shared.failures import is_outage
from shared.migrate import migrate
from shared.schema import TooNew, newest
from shared.service import Handlers, Running, Service, no_tools
from shared.settings import Settings
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

KNOWN = newest(payments)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/x.db"
    return request.getfixturevalue("empty_database_url")


@pytest.fixture
async def running(url: str) -> AsyncGenerator[Running[Any]]:
    found: Running[Any] = Running(payments, payments.settings(database_url=url), Database(url), LocalBus())
    async with found.start(loops=False):
        yield found


async def stamp(running: Running[Any], number: int) -> None:
    async with running.database.transaction() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": f"{number:04d}"})


async def ready(running: Running[Any]) -> tuple[int, str]:
    async with client(running) as http:
        answer = await http.get("/readyz")
    return answer.status_code, answer.json()["services"]["payments"].get("database", "")


@pytest.mark.parametrize(
    ("ahead", "status", "said"),
    [(0, 200, ""), (1, 200, ""), (2, 503, "the database is newer"), (-1, 503, "the database is older")],
)
async def test_readiness_says_which_side_is_older(
    running: Running[Any], ahead: int, status: int, said: str
) -> None:
    await migrate(payments, running.database)
    await stamp(running, KNOWN + ahead)
    found = await ready(running)
    assert found[0] == status
    assert said in found[1]


async def test_an_older_release_leaves_a_newer_database_alone(running: Running[Any]) -> None:
    await migrate(payments, running.database)
    await stamp(running, KNOWN + 1)
    assert "newer" in (await migrate(payments, running.database)).words()
    await stamp(running, 99)
    with pytest.raises(TooNew, match="newer"):
        await migrate(payments, running.database)


async def test_no_loop_starts_before_the_tables_are_there(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.service.LOOK_SECONDS", 0.05)
    started: list[str] = []

    async def loop(found: Running[Any]) -> None:
        started.append(found.name)
        while not found.stopping.is_set():
            await found.pause(1, "loop")

    service = Service("payments", Settings, Base.metadata, APIRouter(), Handlers(), (loop,), no_tools)
    found: Running[Any] = Running(service, Settings(database_url=url), Database(url), LocalBus())
    async with found.start():
        assert (await ready(found))[0] == 503
        await asyncio.sleep(0.3)
        assert started == []
        await migrate(service, found.database)
        async with asyncio.timeout(10):
            while not started:
                await asyncio.sleep(0.02)


async def test_a_missing_table_is_an_outage_and_buries_nothing(running: Running[Any]) -> None:
    with pytest.raises(DBAPIError) as met:
        await deliver(running, [envelope(mention("1"), "1")])
    assert is_outage(met.value)


async def test_a_missing_column_is_an_outage(running: Running[Any]) -> None:
    with pytest.raises(DBAPIError) as met:
        async with running.database.read() as read:
            await read.execute(text("SELECT nothing FROM (SELECT 1 AS something) AS x"))
    assert is_outage(met.value)
