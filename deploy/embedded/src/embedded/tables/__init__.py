"""All tables of a new database at once, from scripts that the migrations wrote (`make contracts`): a tenth
of the time that they take themselves, which was a seventh of the start (docs/decisions/0015)."""

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from importlib.resources import files
from pathlib import Path

from shared.db import Database
from shared.service import Service

_TABLES = """
SELECT name FROM pragma_table_list
WHERE schema = 'main' AND type = ? AND name NOT LIKE 'sqlite_%' ORDER BY name
"""
_OBJECTS = """
SELECT name, sql FROM sqlite_schema
WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND (type = 'table') = ? ORDER BY rowid
"""


def script_file(service: Service) -> Path:
    return Path(__file__).parent / f"{service.name}.sql"


async def bring_up_to_date(service: Service, file: Path) -> None:
    """An empty database is made by the script, an older one is migrated; one that is up to date stays."""
    if not await asyncio.to_thread(_is_newest, service, file):
        await _migrate(service, file)


def _is_newest(service: Service, file: Path) -> bool:
    """Whether it was at the newest version, or was empty and is there now."""
    migrations = files(service.package) / "migrations"
    newest = max(each.name.partition("_")[0] for each in migrations.iterdir() if each.name.endswith(".py"))
    with closing(sqlite3.connect(file)) as database:
        there = {name for (name,) in database.execute("SELECT name FROM sqlite_schema")}
        if not there:
            database.executescript(script_file(service).read_text(encoding="utf-8"))
        elif "alembic_version" not in there:
            return False
        return database.execute("SELECT version_num FROM alembic_version").fetchone() == (newest,)


async def _migrate(service: Service, file: Path) -> None:
    from shared.migrate import migrate

    database = Database(f"sqlite+aiosqlite:///{file}")
    try:
        await migrate(service, database)
    finally:
        await database.close()


def script(service: Service) -> str:
    """What the migrations make of an empty database, with the rows that they put in."""
    with tempfile.TemporaryDirectory(prefix="callboard.") as folder:
        file = Path(folder) / "new.db"
        asyncio.run(_migrate(service, file))
        with closing(sqlite3.connect(file)) as database:
            return _script(database)


def _script(database: sqlite3.Connection) -> str:
    hidden = {name for (name,) in database.execute(_TABLES, ("shadow",))}  # a virtual table makes them itself
    lines = [_tidy(sql) for name, sql in database.execute(_OBJECTS, (True,)) if name not in hidden]
    for (table,) in database.execute(_TABLES, ("table",)).fetchall():
        names = [row[1] for row in database.execute("SELECT * FROM pragma_table_info(?)", (table,))]
        values = ", ".join(f'quote("{name}")' for name in names)
        for row in database.execute(f'SELECT {values} FROM "{table}" ORDER BY rowid'):  # noqa: S608
            lines.append(f'INSERT INTO "{table}" VALUES ({", ".join(row)});')  # noqa: S608
    lines += [_tidy(sql) for _, sql in database.execute(_OBJECTS, (False,))]
    return "\n".join(["BEGIN;", *lines, "COMMIT;", ""])


def _tidy(statement: str) -> str:
    return "\n".join(line.rstrip() for line in statement.splitlines()) + ";"
