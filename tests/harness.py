"""A service at work in a test: on any database, with or without its loops, and what goes in and out of it."""

import shutil
import tempfile
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pydantic_core
from shared.app import create_app
from shared.auth import development_token
from shared.bus import Bus, LocalBus
from shared.consumer import deliver
from shared.db import Database, uuid7
from shared.events import Envelope, Event
from shared.migrate import migrate
from shared.service import Running, Service
from shared.tables import outbox
from sqlalchemy import delete

_HELD = tempfile.TemporaryDirectory(prefix="callboard-empty-")
_EMPTY_FILES = Path(_HELD.name)
_THERE = "SELECT true FROM pg_database WHERE datname = $1"


@asynccontextmanager
async def at_work(
    service: Service,
    database_url: str,
    bus: Bus | None = None,
    *,
    loops: bool = False,
    tables: Service | None = None,
    **settings: Any,
) -> AsyncGenerator[Running[Any]]:
    """A migrated, started service. Without a bus of its own it joins a LocalBus; `tables` names
    the service whose migrations it uses, if not its own."""
    database = await _migrated(tables or service, database_url)
    bus = bus or LocalBus()
    chosen = service.settings(database_url=database_url, **settings)
    running: Running[Any] = Running(service, chosen, database, bus)
    if isinstance(bus, LocalBus):
        bus.join(running)
    async with running.start(loops=loops):
        yield running


async def _migrated(service: Service, url: str) -> Database:
    """An empty database is migrated once a service and process; whoever wants another one gets a copy."""
    copied = _copied_file if url.startswith("sqlite") else _copied_database
    if not await copied(service, url):
        await _migrate(service, url)
    return Database(url)


async def _migrate(service: Service, url: str) -> None:
    database = Database(url)
    await migrate(service, database)
    await database.close()


async def _copied_file(service: Service, url: str) -> bool:
    """False where there is a file already."""
    path, empty = Path(url.partition("///")[2]), _EMPTY_FILES / f"{service.name}.db"
    if path.exists():
        return False
    if not empty.exists():
        await _migrate(service, f"sqlite+aiosqlite:///{empty}")
    shutil.copyfile(empty, path)
    return True


async def _copied_database(service: Service, url: str) -> bool:
    """False where there is one already."""
    server, _, name = url.rpartition("/")
    empty = f"migrated {service.name}"
    admin = await asyncpg.connect(f"{server}/postgres".replace("+asyncpg", ""))
    try:
        if await admin.fetchval(_THERE, name):
            return False
        if not await admin.fetchval(_THERE, empty):
            await admin.execute(f'CREATE DATABASE "{empty}"')
            await _migrate(service, f"{server}/{empty}")
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{empty}" STRATEGY file_copy')
    finally:
        await admin.close()
    return True


def client(running: Running[Any], *roles: str, subject: str = "tester") -> httpx.AsyncClient:
    """An HTTP client of that service, signed in with `roles`; with none it is anonymous."""
    app = create_app(running, loops=False)
    headers = {"Authorization": f"Bearer {development_token(roles, subject)}"} if roles else {}
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://callboard.test", headers=headers)


def envelope(event: Event, subject: UUID | str = "", *, id: UUID | None = None) -> dict[str, Any]:
    wrapped = Envelope.wrap(event, id=id or uuid7(), source="test", subject=str(subject), traceparent=None)
    return pydantic_core.from_json(wrapped.model_dump_json())


async def feed(running: Running[Any], *events: Event) -> None:
    """Delivers the events in one batch, through inbox and handlers."""
    await deliver(running, [envelope(event) for event in events])


async def said(running: Running[Any]) -> list[Event]:
    """The events waiting in the outbox, oldest first; they are taken out."""
    async with running.database.transaction() as session:
        # in one statement: what a loop adds between two would be deleted unseen
        rows = await session.execute(delete(outbox).returning(outbox.c.seq, outbox.c.body))
        bodies = [body for _, body in sorted(rows.all())]
    return [Envelope.model_validate_json(body).event() for body in bodies]


def of(events: Iterable[Event], kind: type[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]
