"""People with accounts in tests: how they are made, and browsers that keep their cookies."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from harness import at_work
from portal_api.flows.accounts import choose_password, create_staff, hashed_with, invite
from portal_api.flows.messages import opened
from portal_api.models.messages import outgoing
from portal_api.models.records import location_record
from portal_api.service import service
from secrecy import SECRETS
from shared.app import create_app
from shared.db import utcnow
from shared.service import Running
from sqlalchemy import insert, select

WEB = "https://portal.contractor.test"
PASSWORD = SECRETS["portal"]
ANNA = "anna@contractor.example"
OTHER = "eleven violet tractors"
CHEAP = {"password_memory_kib": 8, "password_time": 1, "web_url": WEB, "address_attempts": 30}

BOTH = pytest.mark.parametrize("house", ["sqlite", "postgresql"], indirect=True)


@asynccontextmanager
async def portal(url: str, **settings: Any) -> AsyncGenerator[Running[Any]]:
    """portal-api with passwords that are cheap to hash."""
    async with at_work(service, url, **{**CHEAP, **settings}) as running:
        yield running


def browser(
    run: Running[Any], *, address: str = "198.51.100.7", host: str = "portal.contractor.test"
) -> httpx.AsyncClient:
    """Keeps cookies, and sends what our own pages send."""
    transport = httpx.ASGITransport(create_app(run, loops=False), client=(address, 1234))
    return httpx.AsyncClient(
        transport=transport, base_url=f"https://{host}", headers={"X-Requested-With": "callboard"}
    )


async def new_staff(
    run: Running[Any], name: str = "anna", role: str = "office.admin", password: str = PASSWORD
) -> UUID:
    """One who has chosen a password."""
    hashed = await hashed_with(run.settings, password)
    async with run.work() as work:
        id = await create_staff(work, f"{name}@contractor.example", name.title(), role)
        await choose_password(work, id, hashed=hashed, action="test", who="test")
    return id


async def new_location(run: Running[Any]) -> UUID:
    id = uuid4()
    row = {
        "id": id,
        "version": 1,
        "customer_id": uuid4(),
        "address": {},
        "zone": "America/Chicago",
        "closed": False,
    }
    async with run.work() as work:
        await work.session.execute(insert(location_record), [row])
    return id


async def new_customer(
    run: Running[Any],
    name: str = "pat",
    *,
    location_id: UUID | None = None,
    administrator: bool = False,
    password: str = PASSWORD,
) -> UUID:
    """One who has chosen a password."""
    place = location_id or await new_location(run)
    hashed = await hashed_with(run.settings, password)
    email = f"{name}@household.example"
    async with run.work() as work:
        row = await invite(
            work, location_id=place, email=email, name=name.title(), administrator=administrator, who="test"
        )
        await choose_password(work, row["id"], hashed=hashed, action="test", who="test")
    return row["id"]


async def log_on(
    person: httpx.AsyncClient, user_name: str, password: str = PASSWORD, **more: str
) -> httpx.Response:
    return await person.post("/v1/session", json={"user_name": user_name, "password": password, **more})


async def alive(person: httpx.AsyncClient) -> bool:
    """Whether the browser's session is still there."""
    answer = await person.get("/v1/session")
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


async def mailed(run: Running[Any]) -> list[dict[str, Any]]:
    """The values of the mails that wait to be sent, oldest first."""
    async with run.database.read() as read:
        rows = (await read.execute(select(outgoing).order_by(outgoing.c.id))).all()
    return [opened(run.settings, row)[0] for row in rows]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = utcnow()
        patch.setattr("shared.db.clock", lambda: self.now)

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)
