"""`callboard reconcile` and `callboard doctor` on PostgreSQL and RabbitMQ, named by their addresses."""

from collections.abc import AsyncGenerator
from uuid import UUID

import pytest
from customer.service import service as customer
from dispatch.service import service as dispatch
from embedded_tests import callboard
from localservers import Postgres
from mail_ingest.service import service as mail_ingest
from shared.db import Database, utcnow
from shared.migrate import migrate
from shared.rabbit import RabbitBus
from shared.service import Running
from shared.tables import dead_letter
from sqlalchemy import insert

SERVICES = (mail_ingest, dispatch, customer)


@pytest.fixture
async def options(postgres: Postgres) -> AsyncGenerator[dict[str, str]]:
    """`--mail-ingest-url` and so on, of migrated empty databases."""
    names = {service.name: postgres.create_database() for service in SERVICES}
    for service in SERVICES:
        database = Database(postgres.url(names[service.name]))
        await migrate(service, database)
        await database.close()
    yield {f"--{name}-url": postgres.url(database) for name, database in names.items()}
    for name in names.values():
        postgres.drop_database(name)


def spread(options: dict[str, str]) -> list[str]:
    return [word for pair in options.items() for word in pair]


async def test_reconcile_reads_postgresql(options: dict[str, str]) -> None:
    clean = callboard("reconcile", *spread(options))
    assert clean.returncode == 0, clean.stdout + clean.stderr
    row = {"id": UUID(int=1), "name": "x.v1", "body": "{}", "reason": "KeyError", "died_at": utcnow()}
    database = Database(options["--customer-url"])
    async with database.transaction() as session:
        await session.execute(insert(dead_letter), row)
    await database.close()
    wrong = callboard("reconcile", *spread(options))
    assert wrong.returncode == 1
    assert "customer: x.v1 00000000-0000-0000-0000-000000000001: KeyError" in wrong.stdout


async def test_doctor_looks_at_the_databases_and_the_bus(options: dict[str, str], bus_url: str) -> None:
    answer = callboard("doctor", *spread(options), "--bus-url", bus_url)
    assert "database of dispatch" in answer.stdout
    assert "connected, 0 events could not be handled" in answer.stdout
    database, bus = Database(options["--dispatch-url"]), RabbitBus(bus_url)
    running = Running(dispatch, dispatch.settings(), database, bus)
    await bus.bury(running, {"id": str(UUID(int=1)), "type": "x.v1"}, "KeyError")
    await bus.close()
    await database.close()
    sick = callboard("doctor", *spread(options), "--bus-url", bus_url)
    assert sick.returncode == 1
    assert "python -m dispatch dead list" in sick.stdout


async def test_doctor_names_a_bus_that_is_away(options: dict[str, str]) -> None:
    answer = callboard("doctor", *spread(options), "--bus-url", "amqp://guest:hush@127.0.0.1:9/")
    assert answer.returncode == 1
    assert "Does RabbitMQ run" in answer.stdout
    assert "hush" not in answer.stdout + answer.stderr


async def test_reconcile_tells_of_a_database_that_is_away(options: dict[str, str]) -> None:
    away = {**options, "--dispatch-url": "postgresql+asyncpg://u:hush@127.0.0.1:9/none"}
    answer = callboard("reconcile", *spread(away))
    assert answer.returncode == 2
    assert "A database cannot be read" in answer.stderr
    assert "hush" not in answer.stdout + answer.stderr
