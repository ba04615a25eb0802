"""Migrations: one Alembic environment here, each service's versions in its own package."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from shared.db import Database
from shared.postgres import SETTINGS
from shared.schema import Schema, TooNew, schema_of
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


# A pooler takes no settings at the start of a session: they come with the role then.
_OF_ROLE = """
DO $$ BEGIN
  EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I SET {} = %L', current_database(), '{}');
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'the role keeps its own settings';
END $$
"""


async def migrate(service: Service, database: Database) -> Schema:
    """Brings the database to the newest version; how it was found. Several replicas may try at once: one does
    it. One that is newer is left as it is. Raises TooNew where this release cannot work with it."""
    found = await schema_of(service, database)
    if not found.suits and not found.behind:
        raise TooNew(found.words())
    if found.behind:
        async with database.writer.begin() as connection:
            await connection.run_sync(_upgrade, service)
    return found


async def revision(service: Service, database: Database, message: str) -> None:
    """Writes the next version file from what differs between the models and the database."""
    async with database.writer.begin() as connection:
        await connection.run_sync(_upgrade, service)
        await connection.run_sync(_revision, service, message)


def _upgrade(connection: Connection, service: Service) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))  # a large table may take its time
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('callboard migrations'))"))
        connection.execute(_LZ4)
        for name, value in SETTINGS.items():
            connection.execute(text(_OF_ROLE.format(name, value)))
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
