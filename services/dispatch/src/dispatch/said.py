"""When a partner said something: which of two mails about one dispatch was written first.

Mails arrive in any order, and old ones are sent again. What tells them apart is what their writers wrote into
them: the mail's Date, and the document's own date.
"""

from datetime import date, datetime
from typing import NamedTuple


class Said(NamedTuple):
    """`sent_at` is the mail's Date, aware. `dated` is the document's own date as given: ISO 8601, with or
    without a time, with or without an offset. None: not known."""

    sent_at: datetime | None = None
    dated: str | None = None


def said_at(sent_at: datetime | None, received_at: datetime) -> datetime | None:
    """The mail's Date, at most the time at which it came: a clock that is years ahead must not make all that
    follows look late."""
    return sent_at and min(sent_at, received_at)


def is_older(one: Said, other: Said) -> bool:
    """Whether `one` was certainly said before `other`. The mail's Date decides, since a document keeps its
    date when it is sent again; the document's decides where the Dates are equal or missing. Where the two
    contradict each other nothing is certain."""
    mails = _order(one.sent_at, other.sent_at)
    documents = _documents(one.dated, other.dated)
    return documents < 0 if mails == 0 else mails < 0 and documents <= 0


def later(one: Said, other: Said) -> Said:
    """The later of two that said the same."""
    return other if one.sent_at is None or is_older(one, other) else one


def _documents(one: str | None, other: str | None) -> int:
    first, second = _read(one), _read(other)
    if first is None or second is None or (first.tzinfo is None) != (second.tzinfo is None):
        return 0
    if ":" not in f"{one}" or ":" not in f"{other}":  # a date without a time is no midnight
        return _order(first.date(), second.date())
    return _order(first, second)


def _read(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None


def _order(one: date | None, other: date | None) -> int:
    """-1, 0 or 1; 0 also where one is not known."""
    if one is None or other is None or one == other:
        return 0
    return -1 if one < other else 1
