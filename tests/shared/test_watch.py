"""A loop that stands still is named, in numbers and in the log, and at last the process is ended."""

import asyncio
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from harness import at_work, client
from payments.service import service as payments
from prometheus_client import REGISTRY
from shared.db import Database
from shared.service import Running
from shared.watch import DEAD_SECONDS, STALE_SECONDS, watch
from sqlalchemy import text
from structlog.testing import capture_logs


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    async with at_work(payments, f"sqlite+aiosqlite:///{tmp_path}/x.db") as found:
        yield found


@pytest.mark.parametrize(
    ("silence", "alive", "stale"),
    [(0, 200, []), (STALE_SECONDS + 1, 200, ["poll"]), (DEAD_SECONDS + 1, 503, ["poll"])],
)
async def test_probes_name_a_loop_that_stands_still(
    running: Running[Any], silence: float, alive: int, stale: list[str]
) -> None:
    running.heartbeats["poll"] = time.monotonic() - silence
    async with client(running) as http:
        live, ready = await http.get("/healthz"), await http.get("/readyz")
    assert live.status_code == alive
    assert ready.json()["services"]["payments"]["stale"] == stale
    assert ready.json()["status"] == ("degraded" if stale else "ok")


async def test_log_and_numbers_name_it(running: Running[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.watch.LOOK_SECONDS", 0.01)
    running.heartbeats["poll"] = time.monotonic() - STALE_SECONDS - 1
    with capture_logs() as logs:
        watching = asyncio.create_task(watch(running))
        await asyncio.sleep(0.1)
        silence = REGISTRY.get_sample_value(
            "callboard_loop_silence_seconds", {"service": "payments", "loop": "poll"}
        )
        running.heartbeats["poll"] = time.monotonic()
        await asyncio.sleep(0.1)
        running.stopping.set()
        running.wake("watch")
        await watching
    assert silence is not None
    assert silence > STALE_SECONDS
    assert [entry["event"] for entry in logs] == ["loop_stalled", "loop_goes_on"]


async def test_nobody_waits_for_ever_for_a_lock_or_an_answer(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    for connect in (database.read, database.transaction):
        async with connect() as connection:
            for name, value in (("lock_timeout", "10s"), ("statement_timeout", "1min")):
                assert (await connection.execute(text(f"SHOW {name}"))).scalar_one() == value
    await database.close()
