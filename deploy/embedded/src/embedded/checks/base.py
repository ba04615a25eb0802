"""What a check is, and what all checks read."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from shared.db import Row
from sqlalchemy.ext.asyncio import AsyncConnection

APPLIED = ("processed", "updated", "cancelled")


class Check(NamedTuple):
    """One rule and what breaks it, each entry for a person to find it by."""

    rule: str
    wrong: list[str]
    waiting: list[str]


class Books(NamedTuple):
    """Connections that read the three databases. What began after `young` may still be on its way."""

    mail: AsyncConnection
    dispatch: AsyncConnection
    customer: AsyncConnection
    now: datetime
    young: datetime


Found = Iterable[tuple[str, datetime | None]]


class Since(Protocol):
    """Books of whichever databases."""

    @property
    def young(self) -> datetime: ...


def check(books: Since, rule: str, found: Found) -> Check:
    """`found` are the exceptions: words for a person, and since when, or None where no time mends it."""
    made = Check(rule, [], [])
    for text, since in found:
        (made.waiting if since and since > books.young else made.wrong).append(text)
    return made


async def rows_of(connection: AsyncConnection, query: Any) -> list[Row]:
    return list((await connection.execute(query)).all())
