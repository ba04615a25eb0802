"""What the tables are made of. Amounts are integers in minor units of their row's currency."""

from typing import Any

from shared.tables import new_base
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, text

Base = new_base()
Serial = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up INTEGER keys only


def must(name: str, kind: Any, *more: Any, **kwargs: Any) -> Column[Any]:
    return Column(name, kind, *more, nullable=False, **kwargs)


def flag(name: str) -> Column[Any]:
    return must(name, Boolean)


def version() -> Column[Any]:
    return must("version", Integer)


def money(name: str) -> Column[Any]:
    return must(name, BigInteger)


def currency() -> Column[Any]:
    return must("currency", String(3))


def partly(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    clause = text(where)
    return Index(name, *columns, unique=unique, postgresql_where=clause, sqlite_where=clause)
