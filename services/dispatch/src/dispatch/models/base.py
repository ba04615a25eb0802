"""What the tables are made of."""

from typing import Any

from shared.tables import new_base
from sqlalchemy import Boolean, Column, Index, Integer, text

Base = new_base()


def must(name: str, kind: Any, *more: Any, **kwargs: Any) -> Column[Any]:
    return Column(name, kind, *more, nullable=False, **kwargs)


def flag(name: str) -> Column[Any]:
    return must(name, Boolean)


def version() -> Column[Any]:
    return must("version", Integer)


def partly(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    clause = text(where)
    return Index(name, *columns, unique=unique, postgresql_where=clause, sqlite_where=clause)
