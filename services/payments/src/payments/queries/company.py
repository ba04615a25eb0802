"""The office's own place in time."""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from payments.models import company
from payments.queries.balances import Reading


async def zone_of(reading: Reading, settings: Any) -> ZoneInfo:
    """In which the office's days begin and end."""
    content = (await reading.execute(select(company.c.content))).scalar_one_or_none() or {}
    return ZoneInfo(content.get("zone") or settings.default_zone)
