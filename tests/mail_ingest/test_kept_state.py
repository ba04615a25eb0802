"""Time that passes over what is kept, and a lease that is lost: days are days, hours are hours, and whoever
lost the mailbox deletes nothing in it."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from batches import ordinary
from harness import at_work, client
from mail_ingest.service import service
from mail_ingest.tables import forwards, mails
from scripted_pop3 import Pop3, serving
from shared.db import utcnow
from shared.service import Running
from sqlalchemy import update

BOX: dict[str, Any] = {
    "name": "kept",
    "kind": "pop3",
    "host": "localhost",
    "user": "office",
    "password": "pw",
    "error_to": "error@contractor.example",
    "poll_seconds": 86_400,
}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    url = f"sqlite+aiosqlite:///{tmp_path}/mail.db"
    nobody = {"smtp_host": "127.0.0.1", "smtp_port": 1}
    async with at_work(service, url, loops=True, **nobody) as found:
        yield found


@pytest.fixture
async def http(running: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(running, "office.admin") as found:
        yield found


async def polled(http: httpx.AsyncClient, box: str) -> None:
    async with asyncio.timeout(30):
        while (before := (await http.get(f"/v1/mailboxes/{box}")).json()["polled_at"]) is None:
            await asyncio.sleep(0.02)
        (await http.post(f"/v1/mailboxes/{box}/poll")).raise_for_status()
        while (await http.get(f"/v1/mailboxes/{box}")).json()["polled_at"] == before:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(("age", "goes"), [(3, False), (47, False), (49, True)])
async def test_a_mail_stays_as_many_days_as_were_asked_for(
    running: Running[Any], http: httpx.AsyncClient, age: int, goes: bool
) -> None:
    async with serving(Pop3([ordinary().raw])) as server:
        made = await http.post("/v1/mailboxes", json={**BOX, "port": server.port, "keep_days": 2})
        box = made.raise_for_status().json()["id"]
        await polled(http, box)
        async with running.work() as work:
            old = utcnow() - timedelta(hours=age)
            await work.session.execute(update(mails).values(received_at=old))
        await polled(http, box)
        assert (b"DELE 1" in server.heard) is goes


@pytest.mark.parametrize(("hours", "state"), [(1, "waiting"), (71, "waiting"), (73, "failed")])
async def test_a_forward_is_given_up_after_hours_of_outage(
    running: Running[Any], http: httpx.AsyncClient, hours: int, state: str
) -> None:
    box = (await http.post("/v1/mailboxes", json={**BOX, "enabled": False})).raise_for_status().json()["id"]
    posted = await http.post(
        "/v1/mails", params={"mailbox_id": box}, content=b"From: a@b.example\r\n\r\nHi\r\n"
    )
    mail = posted.raise_for_status().json()["id"]

    async def tried(times: int) -> str:
        async with asyncio.timeout(30):
            while True:
                async with running.database.read() as read:
                    row = (await read.execute(forwards.select())).first()
                if row is not None and row.attempts >= times and row.error:
                    return row.state
                await asyncio.sleep(0.05)

    assert await tried(1) == "waiting"
    async with running.work() as work:
        since = utcnow() - timedelta(hours=hours)
        await work.session.execute(
            update(forwards).values(created_at=since, due_at=utcnow(), error=None, attempts=5)
        )
        work.wake("send")
    assert await tried(6) == state
    assert (await http.get(f"/v1/mails/{mail}")).json()["forward"] == state


@dataclass
class Stolen(Pop3):
    """Another visit takes the mailbox over at a certain command."""

    file: str = ""
    at: bytes = b""

    def answer(self, command: bytes) -> bytes:
        if command == self.at:
            with sqlite3.connect(self.file, timeout=10) as database:
                database.execute("UPDATE mailbox SET lease_by = 'another'")
        return super().answer(command)


@pytest.mark.parametrize("at", [b"UIDL", b"RETR 1", b"DELE 1", b"DELE 3"])
async def test_a_visit_that_lost_its_lease_lets_the_server_delete_nothing(
    http: httpx.AsyncClient, tmp_path: Path, at: bytes
) -> None:
    mails_ = [ordinary().raw for _ in range(3)]
    async with serving(Stolen(mails_, file=str(tmp_path / "mail.db"), at=at)) as server:
        (await http.post("/v1/mailboxes", json={**BOX, "port": server.port})).raise_for_status()
        async with asyncio.timeout(20):
            while at not in server.heard:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)  # time for a QUIT that must not come
        assert b"QUIT" not in server.heard
