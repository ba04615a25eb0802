"""portal-api at work, on both databases."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from harness import at_work
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
