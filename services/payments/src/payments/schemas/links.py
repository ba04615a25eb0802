"""Pay links, and reminders."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from payments.schemas.base import Body, Out


class PayLinkOut(Out):
    url: str
    expires_at: datetime


class RemindersIn(Body):
    """Days after the due day on which a reminder goes out, such as 7, 14 and 30."""

    enabled: bool
    days: Annotated[list[Annotated[int, Field(ge=1, le=365)]], Field(min_length=1, max_length=10)]


class RemindersOut(Out):
    """`since`: steps that fell on an earlier day are left out, so that turning it on sends no old ones."""

    version: int
    enabled: bool
    days: list[int]
    since: date | None
