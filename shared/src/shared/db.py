"""One database a service: PostgreSQL, or one SQLite file. Transactions for writes, autocommit for reads."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import pydantic_core
import uuid_utils
from sqlalchemy import JSON, DateTime, Executable, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.types import TypeDecorator

from shared.postgres import Server
from shared.turns import Turns

Row: TypeAlias = Any
"""A row of a Core query: its attributes are the columns asked for, which SQLAlchemy cannot type."""
Json = JSON().with_variant(postgresql.JSONB(), "postgresql")
# pydantic's own JSON is several times faster than the standard library's, and takes models as they are.
_JSON: dict[str, Any] = {
    "json_serializer": lambda value: pydantic_core.to_json(value).decode(),
    "json_deserializer": pydantic_core.from_json,
}

SQLITE_READERS = 4


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC on every database; SQLite alone would hand back a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a naive time cannot be stored")
        return value if value is None or value.tzinfo is UTC else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def uuid7() -> UUID:
    return UUID(int=uuid_utils.uuid7().int)


def clock() -> datetime:
    """The clock of the machine. Tests put another in its place."""
    return datetime.now(UTC)


def utcnow() -> datetime:
    return clock()


class Database:
    """`transaction()` for writes, `read()` for autocommit reads. On SQLite one connection writes, so that
    writers queue here and never meet "database is locked"."""

    def __init__(self, url: str, pool: int = 8) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        readers = SQLITE_READERS if self.is_sqlite else max(1, pool // 2)
        writers = 1 if self.is_sqlite else max(1, pool - readers)
        if self.is_sqlite:
            path = url.split("///", 1)[1]
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self.writer = _sqlite_engine(url, writers)
            event.listen(self.writer.sync_engine, "begin", _begin_immediate)
            self.reader = _sqlite_engine(url, readers).execution_options(isolation_level="AUTOCOMMIT")
        else:
            # Each has connections of its own: one that reads and writes in turn is told so each time, which
            # costs as much as a short query.
            self._server = Server()
            self.writer = self._server.engine(url, writers, **_JSON)
            self.reader = self._server.engine(
                url,
                readers,
                isolation_level="AUTOCOMMIT",
                skip_autocommit_rollback=True,
                pool_reset_on_return=None,
                **_JSON,
            )
        # The pool hands a connection to whoever asks next, past those who wait: the last in a crowd would
        # wait many times its turn.
        self._write_turns = Turns(writers)
        self._read_turns = Turns(readers)
        self._kept: list[AsyncConnection] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncSession]:
        async with (
            self._write_turns.one(),
            AsyncSession(self.writer, expire_on_commit=False, autoflush=False) as session,
            session.begin(),
        ):
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """An autocommit connection. It stays checked out for the next reader: handing it back and asking for
        it again takes as long as a short query (a fifth of a request, measured)."""
        async with self._read_turns.one():
            connection = self._kept.pop() if self._kept else await self._reader()
            failed = True
            try:
                yield connection
                if self.pooled and connection.in_transaction():
                    await connection.commit()
                failed = connection.invalidated
            finally:
                if not failed:
                    self._kept.append(connection)
                else:
                    await asyncio.shield(self._hand_back(connection))

    @property
    def pooled(self) -> bool:
        return not self.is_sqlite and bool(self._server.pooled)

    async def _reader(self) -> AsyncConnection:
        """A pooler lends a session for one transaction, so there one has to be open for each look."""
        connection = await self.reader.connect()
        if self.pooled:
            await connection.execution_options(isolation_level="READ COMMITTED")
        return connection

    async def _hand_back(self, connection: AsyncConnection) -> None:
        """The pool knows what may be used again. One that was cut is seldom alone: the server has gone."""
        leaving = [connection]
        if connection.invalidated:
            leaving += self._kept
            self._kept = []
        for each in leaving:
            await each.close()

    def alone(self) -> AbstractAsyncContextManager[AsyncSession | AsyncConnection]:
        """For one single statement that writes: on PostgreSQL it commits by itself, in one round trip."""
        return self.transaction() if self.is_sqlite else self.read()

    async def close(self) -> None:
        while self._kept:
            await self._kept.pop().close()
        await self.writer.dispose()
        await self.reader.dispose()


def _sqlite_engine(url: str, size: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=-1,
        connect_args={"timeout": 30},
        **_JSON,
    )
    event.listen(engine.sync_engine, "connect", _sqlite_pragmas)
    return engine


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def insert_ignore(
    session: AsyncSession | AsyncConnection, table: Table, key: Sequence[str], returning: Sequence[str] = ()
) -> Executable:
    """INSERT … ON CONFLICT (key) DO NOTHING [RETURNING …], for `session.execute(statement, rows)`.

    With `returning`, only the rows that were really inserted come back.
    """
    connection = session.get_bind() if isinstance(session, AsyncSession) else session
    return _insert_ignore(connection.dialect.name, table, tuple(key), tuple(returning))


@cache
def _insert_ignore(
    dialect: str, table: Table, key: tuple[str, ...], returning: tuple[str, ...]
) -> Executable:
    build = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = build(table).on_conflict_do_nothing(index_elements=list(key))
    return statement.returning(*[table.c[name] for name in returning]) if returning else statement


def upsert(session: AsyncSession, table: Table, key: Sequence[str], replace: Sequence[str]) -> Executable:
    """INSERT … ON CONFLICT (key) DO UPDATE SET the columns of `replace` to the new row's values."""
    build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = build(table)
    return statement.on_conflict_do_update(
        index_elements=list(key), set_={name: statement.excluded[name] for name in replace}
    )
