"""The times that customers may choose: the company's windows on the location's clock, less what is taken."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)


class Hours(Protocol):
    """A time of day at the location, `HH:MM` to `HH:MM`."""

    @property
    def start(self) -> str: ...
    @property
    def end(self) -> str: ...


class Window(NamedTuple):
    """Both ends aware, in UTC; `start` < `end`."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Window") -> bool:
        return self.start < other.end and other.start < self.end


class Calendar(NamedTuple):
    """When the company comes: `hours` on `weekdays` (Monday is 0) in the IANA zone `zone`."""

    zone: str
    hours: Sequence[Hours]
    weekdays: Sequence[int]

    def on(self, day: date) -> list[Window]:
        """A window that begins or ends in the hour that the clock skips is not offered; of an hour that comes
        twice, the first is meant."""
        if day.weekday() not in self.weekdays:
            return []
        ends = [(self._instant(day, each.start), self._instant(day, each.end)) for each in self.hours]
        return sorted(Window(start, end) for start, end in ends if start and end and start < end)

    def window_at(self, start: datetime) -> Window | None:
        day = start.astimezone(ZoneInfo(self.zone)).date()
        return next((window for window in self.on(day) if window.start == start), None)

    def free(self, busy: Iterable[Window], *, now: datetime, days: int) -> list[Window]:
        """Those that begin after `now`, today and on the following days, `days` in all."""
        today = now.astimezone(ZoneInfo(self.zone)).date()
        taken = list(busy)
        return [
            window
            for ahead in range(days)
            for window in self.on(today + timedelta(days=ahead))
            if window.start > now and not any(window.overlaps(each) for each in taken)
        ]

    def _instant(self, day: date, clock: str) -> datetime | None:
        hour, minute = clock.split(":")
        local = datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=ZoneInfo(self.zone))
        found = local.astimezone(UTC)
        return found if found.astimezone(local.tzinfo).replace(fold=0) == local else None


def quarters(window: Window) -> Iterator[datetime]:
    """The quarter hours that the window touches, in order."""
    at = window.start - timedelta(
        minutes=window.start.minute % 15, seconds=window.start.second, microseconds=window.start.microsecond
    )
    while at < window.end:
        yield at
        at += QUARTER


def spoken(window: Window, zone: str) -> str:
    """`Monday, January 6, 2025, 8:00 AM – 12:00 PM CST`."""
    start, end = (moment.astimezone(ZoneInfo(zone)) for moment in window)
    return f"{start:%A, %B} {start.day}, {start.year}, {_clock(start)} – {_clock(end)} {end:%Z}"


def _clock(moment: datetime) -> str:
    return f"{moment.hour % 12 or 12}:{moment:%M} {'AM' if moment.hour < 12 else 'PM'}"
