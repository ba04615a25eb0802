"""Whether a database and this release suit each other, told from numbers alone.

A migration suits the release before it, so a release works on a database that is one migration ahead: that
is the way back after an update."""

from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

if TYPE_CHECKING:
    from shared.db import Database
    from shared.service import Service

AHEAD = 1


class TooNew(Exception):
    """The database was migrated by a release that is much newer than this one."""


class Schema(NamedTuple):
    """Numbers of the newest migration: in the database (0: it is empty), and that this release knows."""

    found: int
    known: int

    @property
    def behind(self) -> bool:
        return self.found < self.known

    @property
    def suits(self) -> bool:
        return self.known <= self.found <= self.known + AHEAD

    def words(self) -> str:
        where = f"database at migration {self.found:04d}, this release at {self.known:04d}"
        if self.found == self.known:
            return f"{where}: up to date"
        if self.behind:
            return f"the database is older ({where}): run `migrate`"
        if self.suits:
            return f"the database is newer ({where}): made for the next release, suits this one too"
        return f"the database is newer ({where}): this release is too old for it, start the newer one"


async def schema_of(service: "Service", database: "Database") -> Schema:
    """Raises what the database raises when it cannot be asked."""
    async with database.read() as read:
        return Schema(await _found(read), newest(service))


def newest(service: "Service") -> int:
    names = (each.name for each in (files(service.package) / "migrations").iterdir())
    return max(int(name[:4]) for name in names if name[:4].isdigit() and name.endswith(".py"))


async def _found(read: AsyncConnection) -> int:
    try:
        found = (await read.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    except DBAPIError as error:
        missing = getattr(error.orig, "sqlstate", None) == "42P01" or "no such table" in str(error.orig)
        if not missing:
            raise
        return 0
    return int(found) if found and str(found).isdigit() else 0
