"""The dispatch service at work, on both databases."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from dispatch.service import service
from harness import at_work
from shared.service import Running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/dispatch.db"
    return request.getfixturevalue("database_url")


@pytest.fixture
async def run(url: str) -> AsyncGenerator[Running[Any]]:
    async with at_work(service, url) as running:
        yield running
