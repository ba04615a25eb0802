"""Keyset pages: a cursor names the last row seen, so page 10,000 costs what page 1 costs."""

import base64
import json
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar

import pydantic_core
from fastapi import Query
from pydantic import BaseModel, ConfigDict

from shared.problems import Problem

T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=200, description="Rows a page.")]
Cursor = Annotated[str | None, Query(description="`next` of the page before.", max_length=500)]


class Page(BaseModel, Generic[T]):
    model_config = ConfigDict(defer_build=True)

    items: list[T]
    next: str | None = None


def encode_cursor(*keys: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(keys, default=str).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, length: int) -> list[Any]:
    """The `length` keys. Raises a 422 problem for a cursor that this service did not make."""
    try:
        keys = pydantic_core.from_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        keys = None
    if not isinstance(keys, list) or len(keys) != length or "\0" in "".join(map(str, keys)):
        raise _not_ours()
    return keys


def cursor_key(kind: type, value: Any) -> Any:
    """A key as the type of its column. Raises the same problem for what is none; a time needs its zone."""
    try:
        key = kind.fromisoformat(value) if issubclass(kind, date) else kind(value)
    except (TypeError, ValueError, OverflowError):
        raise _not_ours() from None
    if isinstance(key, datetime) and key.tzinfo is None:
        raise _not_ours()
    return key


def _not_ours() -> Problem:
    return Problem(422, "This cursor is not one of ours", "Start again without `cursor`.")
