"""The board and one dispatch, as bytes ready to be sent: they are read far more often than anything else."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import pydantic_core
from shared.pages import decode_cursor, encode_cursor
from shared.problems import not_found
from sqlalchemy import (
    ColumnElement,
    Text,
    bindparam,
    cast,
    column,
    false,
    literal_column,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.board import words
from dispatch.models import dispatch
from dispatch.queries import Reader
from dispatch.schemas.dispatches import DispatchLine, DispatchOut

_LINE = tuple(DispatchLine.model_fields)
_WHOLE = tuple(name for name in DispatchOut.model_fields if name != "content")
_newest = select(*(dispatch.c[name] for name in _LINE)).order_by(
    dispatch.c.received_at.desc(), dispatch.c.board.desc()
)
_one = select(*(dispatch.c[name] for name in _WHOLE), cast(dispatch.c.content, Text)).where(
    dispatch.c.id == bindparam("id")
)


class Filters(NamedTuple):
    """None: not filtered. `flags` are names of flag columns that must be set; times are half-open ranges."""

    status: str | None = None
    technician_id: UUID | None = None
    trade: str | None = None
    partner: str | None = None
    closed: bool | None = None
    received: tuple[datetime | None, datetime | None] = (None, None)
    scheduled: tuple[datetime | None, datetime | None] = (None, None)
    flags: Sequence[str] = ()
    q: str = ""


async def dispatch_json(reader: Reader, id: UUID) -> tuple[int, bytes]:
    """Version and JSON of one dispatch. Raises the 404 problem."""
    row = (await reader.execute(_one, {"id": id})).first()
    if row is None:
        raise not_found("dispatch")
    *flat, content = row
    known = dict(zip(_WHOLE, flat, strict=True))
    return known["version"], _json(known)[:-1] + b',"content":' + content.encode() + b"}"


async def board_json(read: AsyncConnection, filters: Filters, limit: int, cursor: str | None) -> bytes:
    """A page of the board, newest first: `{"items": [...], "next": cursor or null}`."""
    statement = _newest.where(*_conditions(filters, read.dialect.name))
    if cursor:
        statement = statement.where(
            tuple_(dispatch.c.received_at, dispatch.c.board) < decode_cursor(cursor, datetime, int)
        )
    rows = (await read.execute(statement.limit(limit + 1))).all()
    last = rows[limit - 1] if len(rows) > limit else None
    next_ = encode_cursor(last.received_at.isoformat(), last.board) if last else None
    items = [dict(zip(_LINE, row, strict=True)) for row in rows[:limit]]
    return _json({"items": items, "next": next_})


def _conditions(filters: Filters, dialect: str) -> list[ColumnElement[bool]]:
    equal = ("status", "technician_id", "trade", "partner", "closed")
    wanted = [dispatch.c[name] == value for name in equal if (value := getattr(filters, name)) is not None]
    for time, (start, end) in (
        (dispatch.c.received_at, filters.received),
        (dispatch.c.scheduled_start, filters.scheduled),
    ):
        wanted += [time >= start] if start else []
        wanted += [time < end] if end else []
    wanted += [dispatch.c[flag] for flag in filters.flags]
    sought = words(filters.q)
    if filters.q.strip():
        wanted.append(_found(sought, dialect) if sought else false())
    return wanted


def _found(sought: list[str], dialect: str) -> ColumnElement[bool]:
    """Each word begins a word of the dispatch. Words are letters and digits only (`board.words`), so they
    need no quoting in either notation."""
    if dialect == "postgresql":
        query = " & ".join(f"'{word}':*" for word in sought)
        found = literal_column("dispatch.words").op("@@", is_comparison=True)
        return found(text("CAST(:query AS tsquery)").bindparams(query=query))
    query = " ".join(f'"{word}"*' for word in sought)
    matches = text("SELECT rowid FROM dispatch_search WHERE dispatch_search MATCH :query")
    return dispatch.c.board.in_(matches.bindparams(query=query).columns(column("rowid")))


def _json(value: dict[str, Any]) -> bytes:
    return pydantic_core.to_json(value)
