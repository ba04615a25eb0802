"""The office's own place in time."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, ColumnElement, select

from payments.models import company
from payments.queries.balances import Reading


async def zone_of(reading: Reading, settings: Any) -> ZoneInfo:
    """In which the office's days begin and end."""
    content = (await reading.execute(select(company.c.content))).scalar_one_or_none() or {}
    return ZoneInfo(content.get("zone") or settings.default_zone)


async def days_of(
    reading: Reading, settings: Any, column: Column[datetime], since: date | None, until: date | None
) -> list[ColumnElement[bool]]:
    """That the column is on those days of the office, both included."""
    if since is None and until is None:
        return []
    zone = await zone_of(reading, settings)
    found: list[ColumnElement[bool]] = []
    if since is not None:
        found.append(column >= datetime.combine(since, time(), zone))
    if until is not None and until < date.max:
        found.append(column < datetime.combine(until + timedelta(1), time(), zone))
    return found
