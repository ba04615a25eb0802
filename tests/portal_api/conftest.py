"""portal-api at work, on both databases."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness import at_work
from people import ANNA, Clock, browser, log_on, new_staff, portal
from portal_api.service import service
from shared.service import Running


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return request.getfixturevalue("database_url")
    return f"sqlite+aiosqlite:///{tmp_path}/portal-api.db"


@pytest.fixture
async def run(any_database: str) -> AsyncGenerator[Running[Any]]:
    async with at_work(service, any_database) as running:
        yield running


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    """On SQLite alone, for what does not depend on the database."""
    async with at_work(service, f"sqlite+aiosqlite:///{tmp_path}/portal-api.db") as running:
        yield running


@pytest.fixture
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    """With passwords that are cheap to hash, and an administrator, Anna. On SQLite, or with people.BOTH on
    both databases."""
    on_postgres = getattr(request, "param", "sqlite") == "postgresql"
    lite = f"sqlite+aiosqlite:///{tmp_path}/portal-api.db"
    async with portal(request.getfixturevalue("database_url") if on_postgres else lite) as running:
        await new_staff(running)
        yield running


@pytest.fixture
async def anna(house: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with browser(house) as person:
        answer = await log_on(person, f"  {ANNA.title()} ")
        assert answer.status_code == 200, answer.text
        yield person


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)
