"""When a payment that is not settled is looked at again."""

from datetime import datetime, timedelta

SUBMITTED = timedelta(seconds=60)
DAY = timedelta(days=1)
FIRST = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
SCHEDULE: dict[str, tuple[timedelta, ...]] = {
    "unknown": (*FIRST, timedelta(hours=6), *[DAY] * 5),
    "pending": (*FIRST, timedelta(hours=6), *[DAY] * 14),
    "requires_action": (*FIRST, *[timedelta(hours=1)] * 48),
    "authorized": (DAY,) * 30,
    "expired": (*FIRST, timedelta(hours=6), *[DAY] * 30),
    "void_pending": (*FIRST, timedelta(hours=6), *[DAY] * 5),
}


def next_check(state: str, checks: int, now: datetime) -> datetime | None:
    """When an attempt or operation in `state` is looked at again; None: a person must."""
    if state == "submitting":
        return now + SUBMITTED
    steps = SCHEDULE.get(state)
    return now + steps[checks] if steps and checks < len(steps) else None
