"""What is refused for want of a right leaves a line and a row, and a flood of it neither fills."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, Depends
from harness import at_work, client
from payments.service import service as payments
from shared.auth import allow
from shared.problems import Problem
from shared.refusals import MOST, write
from shared.service import Handlers, Running, Service, no_tools
from shared.settings import Settings
from shared.tables import audit
from sqlalchemy import select
from structlog.testing import capture_logs

from shared import refusals

router = APIRouter()


@router.get("/v1/things/{id}", dependencies=[Depends(allow("office.admin"))])
async def read_thing(id: str) -> str:
    if id == "busy":
        raise Problem(429, "Too many tries")
    return id


service = Service("payments", Settings, payments.metadata, router, Handlers(), (), no_tools)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    async with at_work(service, f"sqlite+aiosqlite:///{tmp_path}/doors.db", tables=payments) as found:
        yield found


async def rows(running: Running[Any]) -> list[Any]:
    async with running.database.read() as read:
        return list((await read.execute(select(audit).order_by(audit.c.seq))).all())


async def test_each_refusal_is_a_line_and_a_row(running: Running[Any]) -> None:
    with capture_logs() as lines:
        async with client(running) as nobody, client(running, "technician", subject="ben") as ben:
            assert (await nobody.get("/v1/things/1")).status_code == 401
            assert (await ben.get("/v1/things/1")).status_code == 403
            assert (await ben.get("/v1/things/2")).status_code == 403
            async with client(running, "office.admin", subject="anna") as anna:
                assert (await anna.get("/v1/things/busy")).status_code == 429
                assert (await anna.get("/v1/things/1")).status_code == 200
                assert (await anna.get("/v1/nothing")).status_code == 404
    said = [line for line in lines if line["event"] == "access_refused"]
    assert [(line["status"], line["who"]) for line in said] == [(401, ""), (403, "ben"), (429, "anna")]
    assert {line["path"] for line in said} == {"/v1/things/{id}"}
    await write(running)
    found = [(row.who, row.subject, row.after["status"], row.after["count"]) for row in await rows(running)]
    assert found == [
        ("127.0.0.1", "GET /v1/things/{id}", 401, 1),
        ("ben", "GET /v1/things/{id}", 403, 2),
        ("anna", "GET /v1/things/{id}", 429, 1),
    ]
    await write(running)
    assert len(await rows(running)) == 3


async def test_a_flood_fills_neither_log_nor_table(running: Running[Any]) -> None:
    with capture_logs() as lines:
        for number in range(MOST + 50):
            async with client(running, "technician", subject=f"t{number}") as caller:
                for _ in range(2):
                    assert (await caller.get("/v1/things/1")).status_code == 403
    await write(running)
    found = await rows(running)
    assert len(found) == len([line for line in lines if line["event"] == "access_refused"]) == MOST + 1
    assert sum(row.after["count"] for row in found) == 2 * (MOST + 50)


async def test_they_are_written_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "GATHER_SECONDS", 0.05)
    url = f"sqlite+aiosqlite:///{tmp_path}/doors.db"
    async with at_work(service, url, loops=True, tables=payments) as running, client(running) as nobody:
        assert (await nobody.get("/v1/things/1")).status_code == 401
        async with asyncio.timeout(10):
            while not await rows(running):
                await asyncio.sleep(0.02)
