"""Appointment windows: read and shown on the location's clock, kept in UTC."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LONGEST = timedelta(hours=24)


class Window(NamedTuple):
    """Both ends aware, in UTC; `start` < `end` <= `start` + 24 hours."""

    start: datetime
    end: datetime


def zone_of(name: str) -> ZoneInfo:
    """Raises ValueError for a name that is no IANA zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("this is no IANA time zone; write it like America/Chicago") from None


def instant(moment: datetime, zone: str) -> datetime:
    """UTC. A time without offset is one on the location's clock: of an hour that comes twice the first is
    meant, and a time that the clock skips is refused with ValueError."""
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    local = moment.replace(tzinfo=zone_of(zone))
    found = local.astimezone(UTC)
    if found.astimezone(local.tzinfo).replace(tzinfo=None) != moment.replace(fold=0):
        raise ValueError(
            f"{moment:%H:%M} does not exist on {moment:%Y-%m-%d} in {zone}: the clocks go forward then"
        )
    return found


def window(start: datetime, end: datetime, zone: str) -> Window:
    """Raises ValueError with a sentence for the person who typed the times."""
    found = Window(instant(start, zone), instant(end, zone))
    if found.end <= found.start:
        raise ValueError("the window must end after it starts")
    if found.end - found.start > LONGEST:
        raise ValueError("a window is at most 24 hours long")
    return found


def partner_instant(text: str | None, zone: str) -> datetime | None:
    """A partner's zoneless `YYYY-MM-DDThh:mm:ss` as UTC; None when it cannot be read. Nobody can be asked
    about a skipped hour, so it is moved forward by the hour that the clocks jumped."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone_of(zone))).astimezone(UTC)


def on_the_clock(moment: datetime, zone: str) -> str:
    """`YYYY-MM-DDThh:mm:ss` on the location's clock, the form in which partners give times."""
    return moment.astimezone(zone_of(zone)).strftime("%Y-%m-%dT%H:%M:%S")


def spoken(found: Window, zone: str) -> str:
    """`Tue 3 Mar 2026, 08:00-12:00 CST`; the second day is named when it is another one."""
    start, end = found.start.astimezone(zone_of(zone)), found.end.astimezone(zone_of(zone))
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%a} {end.day} {end:%b} {end:%H:%M}"
    return f"{start:%a} {start.day} {start:%b %Y, %H:%M}-{until} {end:%Z}"
