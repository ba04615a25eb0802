"""Keyset pages: a cursor names the last row seen, so page 10,000 costs what page 1 costs."""

import base64
import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import pydantic_core
from fastapi import Query
from pydantic import BaseModel, ConfigDict

from shared.problems import Problem

T = TypeVar("T")
_BIGGEST = 2**63  # of a column
Limit = Annotated[int, Query(ge=1, le=200, description="Rows a page.")]
Cursor = Annotated[str | None, Query(description="`next` of the page before.", max_length=500)]


class Page(BaseModel, Generic[T]):
    model_config = ConfigDict(defer_build=True)

    items: list[T]
    next: str | None = None


def encode_cursor(*keys: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(keys, default=str).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """The keys of the last row seen, one of each of `kinds` (UUID, datetime, date, int or str). Raises a 422
    problem for a cursor that this service did not make, whatever is in it."""
    try:
        keys = pydantic_core.from_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(keys, list) or len(keys) != len(kinds):
            raise ValueError
        return tuple(_key(kind, key) for kind, key in zip(kinds, keys, strict=True))
    except (ValueError, OverflowError):
        raise Problem(422, "This cursor is not one of ours", "Start again without `cursor`.") from None


def _key(kind: type, key: object) -> UUID | datetime | date | int | str:
    if kind is int and type(key) is int and -_BIGGEST <= key < _BIGGEST:
        return key
    if kind is int or not isinstance(key, str) or "\0" in key:
        raise ValueError
    if kind is UUID:
        return UUID(key)
    if kind is date:
        return date.fromisoformat(key)
    if kind is datetime:
        at = datetime.fromisoformat(key)
        if at.tzinfo is None:
            raise ValueError
        return at.astimezone(UTC)
    return key
