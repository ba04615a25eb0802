"""The payments service at work, on both databases."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from bills import issued, known_customer
from gateway import Clock, Payer, connected, sandbox
from harness import at_work, client
from payments.service import service
from shared.service import Running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A module whose tests do not depend on the database asks for one of them by `pytestmark`."""
    if request.param == "postgresql":
        return request.getfixturevalue("database_url")
    return f"sqlite+aiosqlite:///{tmp_path}/payments.db"


@pytest.fixture
async def run(url: str) -> AsyncGenerator[Running[Any]]:
    async with at_work(service, url) as running:
        yield running


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    """On SQLite alone, for what does not depend on the database."""
    async with at_work(service, f"sqlite+aiosqlite:///{tmp_path}/payments.db") as running:
        yield running


@pytest.fixture
async def office(run: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(run, "office.admin", subject="anna") as signed_in:
        yield signed_in


@pytest.fixture
async def payer(tmp_path: Path) -> AsyncGenerator[Payer]:
    async with sandbox(tmp_path / "sandbox") as found:
        yield found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
async def bill(run: Running[Any], office: httpx.AsyncClient, payer: Payer) -> dict[str, Any]:
    """An invoice over 125.40, and the sandbox to pay it at."""
    await connected(office, payer)
    return await issued(office, await known_customer(run))
