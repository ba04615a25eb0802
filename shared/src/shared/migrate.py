"""Migrations: one Alembic environment here, each service's versions in its own package."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from shared.db import Database
from shared.service import Service

# PostgreSQL compresses mails and events as it stores them: 0.06 ms for one of 7 KB with lz4, 0.18 with its
# default. A server built without lz4, or a database that is not ours, keeps the default.
_LZ4 = text("""
DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I SET default_toast_compression = lz4', current_database());
EXCEPTION WHEN invalid_parameter_value OR undefined_object OR insufficient_privilege THEN
  RAISE NOTICE 'large values are compressed with pglz';
END $$
""")


async def migrate(service: Service, database: Database) -> None:
    """Brings the database to the newest version. Several replicas may try at once: one does it."""
    async with database.writer.begin() as connection:
        await connection.run_sync(_upgrade, service)


async def is_current(service: Service, database: Database) -> bool:
    """Whether the database has exactly the tables of this version."""
    async with database.reader.connect() as connection:
        found = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_heads())
    return set(found) == set(ScriptDirectory.from_config(configuration(service)).get_heads())


async def revision(service: Service, database: Database, message: str) -> None:
    """Writes the next version file from what differs between the models and the database."""
    async with database.writer.begin() as connection:
        await connection.run_sync(_upgrade, service)
        await connection.run_sync(_revision, service, message)


def _upgrade(connection: Connection, service: Service) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('callboard migrations'))"))
        connection.execute(_LZ4)
    command.upgrade(configuration(service, connection), "head")


def _revision(connection: Connection, service: Service, message: str) -> None:
    config = configuration(service, connection)
    number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
    command.revision(config, message, autogenerate=True, rev_id=f"{number:04d}")


def configuration(service: Service, connection: Connection | None = None) -> Config:
    versions = Path(str(files(service.package) / "migrations"))
    config = Config(attributes={"connection": connection, "metadata": service.metadata})
    settings: dict[str, Any] = {
        "script_location": str(files("shared") / "migrations"),
        "version_locations": str(versions),
        "path_separator": "newline",  # a colon would split Windows paths and package paths alike
    }
    for name, value in settings.items():
        config.set_main_option(name, value.replace("%", "%%"))
    return config
