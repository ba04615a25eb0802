"""Where tables of an embedded Callboard come from: scripts for new databases, migrations for older ones."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from embedded.house import SERVICES
from embedded.tables import bring_up_to_date
from shared.db import Database
from shared.migrate import configuration
from shared.service import Service
from sqlalchemy import Connection

pytestmark = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


def contents(file: Path) -> set[str]:
    """Tables, indexes, triggers and rows; how a statement is broken into lines says nothing."""
    with closing(sqlite3.connect(file)) as database:
        return {" ".join(line.split()) for line in database.iterdump()}


async def upgraded(service: Service, file: Path, revision: str) -> None:
    def upgrade(connection: Connection) -> None:
        command.upgrade(configuration(service, connection), revision)

    database = Database(f"sqlite+aiosqlite:///{file}")
    async with database.writer.begin() as connection:
        await connection.run_sync(upgrade)
    await database.close()


async def test_a_new_database_is_what_the_migrations_make(service: Service, tmp_path: Path) -> None:
    await bring_up_to_date(service, tmp_path / "new.db")
    await upgraded(service, tmp_path / "migrated.db", "head")
    assert contents(tmp_path / "new.db") == contents(tmp_path / "migrated.db")


async def test_a_database_of_an_older_version_is_migrated(service: Service, tmp_path: Path) -> None:
    await upgraded(service, tmp_path / "old.db", "0001")
    await bring_up_to_date(service, tmp_path / "old.db")
    await bring_up_to_date(service, tmp_path / "new.db")
    assert contents(tmp_path / "old.db") == contents(tmp_path / "new.db")


async def test_a_database_that_is_up_to_date_is_left_alone(service: Service, tmp_path: Path) -> None:
    await bring_up_to_date(service, tmp_path / "new.db")
    before = (tmp_path / "new.db").read_bytes()
    await bring_up_to_date(service, tmp_path / "new.db")
    assert (tmp_path / "new.db").read_bytes() == before
