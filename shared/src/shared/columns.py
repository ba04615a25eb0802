"""What tables are made of, in every service."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, text

Serial = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up INTEGER keys only


def must(name: str, kind: Any, *more: Any, **kwargs: Any) -> Column[Any]:
    return Column(name, kind, *more, nullable=False, **kwargs)


def flag(name: str) -> Column[Any]:
    return must(name, Boolean)


def version() -> Column[Any]:
    return must("version", Integer)


def partly(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of some rows. SQLite and PostgreSQL use it where a query says `where` in the same words."""
    clause = text(where)
    return Index(name, *columns, unique=unique, postgresql_where=clause, sqlite_where=clause)
