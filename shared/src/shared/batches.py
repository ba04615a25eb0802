"""Many rows at once. On PostgreSQL one array a column in one statement; elsewhere one execution a row."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Executable, String, Table, Text, bindparam, func, insert, literal_column, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from shared.db import Row, insert_ignore


async def insert_rows(
    session: AsyncSession,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    ignore: Sequence[str] = (),
    returning: Sequence[str] = (),
) -> Sequence[Row]:
    """Inserts rows that all have the columns of the first; those whose `ignore` columns (a unique key)
    are there already are left out. Gives back the `returning` columns of those that were inserted.

    On PostgreSQL the batch is one statement with one array a column, which takes half the time of one
    execution a row (measured: 12 against 25 µs a row).
    """
    names = tuple(rows[0])
    if session.get_bind().dialect.name == "postgresql":
        statement = _insert_arrays(table, names, tuple(ignore), tuple(returning))
        result = await session.execute(statement, {name: [row[name] for row in rows] for name in names})
    else:
        plain = insert_ignore(session, table, ignore, returning) if ignore else insert(table)
        if returning and not ignore:
            plain = insert(table).returning(*[table.c[name] for name in returning])
        result = await session.execute(plain, list(rows))
    return result.all() if returning else ()


async def insert_tables(session: AsyncSession, batches: Mapping[Table, Sequence[Mapping[str, Any]]]) -> None:
    """Inserts rows into several tables, owners before what belongs to them; empty batches are left out.

    On PostgreSQL this is one statement and one round trip, however many tables.
    """
    filled = {table: rows for table, rows in batches.items() if rows}
    if session.get_bind().dialect.name != "postgresql":
        for table, rows in filled.items():
            await session.execute(insert(table), list(rows))
    elif filled:
        statement = _insert_many(tuple((table, tuple(rows[0])) for table, rows in filled.items()))
        values = {
            f"{table.name}.{name}": [row[name] for row in rows]
            for table, rows in filled.items()
            for name in rows[0]
        }
        await session.execute(statement, values)


@cache
def _insert_many(tables: tuple[tuple[Table, tuple[str, ...]], ...]) -> Executable:
    parts = [_from_arrays(table, names, f"{table.name}.").cte(f"new_{table.name}") for table, names in tables]
    return select(literal_column("1")).add_cte(*parts)


@cache
def _insert_arrays(
    table: Table, names: tuple[str, ...], ignore: tuple[str, ...], returning: tuple[str, ...]
) -> Executable:
    statement = _from_arrays(table, names)
    if ignore:
        statement = statement.on_conflict_do_nothing(index_elements=list(ignore))
    return statement.returning(*[table.c[name] for name in returning]) if returning else statement


def _from_arrays(table: Table, names: tuple[str, ...], prefix: str = "") -> postgresql.Insert:
    kinds = {name: postgresql.ARRAY(_item(table.c[name].type), dimensions=1) for name in names}
    arrays = [bindparam(f"{prefix}{name}", type_=kind) for name, kind in kinds.items()]
    return postgresql.insert(table).from_select(names, select(*[func.unnest(array) for array in arrays]))


def _item(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """A cast to `VARCHAR(10)[]` would cut longer texts off; as text they are refused by the column."""
    return Text() if isinstance(kind, String) else kind
