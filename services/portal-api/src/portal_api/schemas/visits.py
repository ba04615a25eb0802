"""What a household sees of its dispatches, and what it may ask for."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, EmailStr, Field, model_validator
from shared.bodies import Body, Out
from shared.db import Row
from shared.events.dispatch import Address

from portal_api.plain import in_words

CLEAN = r"^[^\x00]*$"  # PostgreSQL stores no zero byte
Line = Annotated[
    str,
    Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"),
]
Text = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
PhoneNumber = Annotated[
    str, Field(max_length=40, pattern=r"^\+?[0-9 ().\-/]{7,30}( ?(x|ext\.?) ?[0-9]{1,6})?$")
]


class WindowOut(Out):
    start: datetime
    end: datetime


class WindowsOut(Out):
    """`zone` is the IANA zone of the location, in which they are to be shown."""

    zone: str
    windows: list[WindowOut]


class AppointmentOut(WindowOut):
    zone: str
    technician: str | None


class VisitOut(Out):
    """`words` says the status plainly. With `partner`, a warranty company decides about changes."""

    id: UUID
    number: str
    partner: str | None
    trade: str | None
    title: str
    status: str
    words: str
    status_at: datetime | None
    closed: bool
    received_at: datetime | None
    appointment: AppointmentOut | None


class PassedStatus(Out):
    status: str
    words: str
    at: datetime


class ChangeOut(Out):
    """`state`: asked, applied, noted (the office calls back) or refused; `answer` says why."""

    id: UUID
    action: Literal["reschedule", "cancel"]
    asked_at: datetime
    start_at: datetime | None
    end_at: datetime | None
    preferred: str | None
    reason: str | None
    state: Literal["asked", "applied", "noted", "refused"]
    answer: str | None


class Trouble(Out):
    """An item and what is wrong with it."""

    item: str | None
    symptoms: list[str]


class VisitWhole(VisitOut):
    problems: list[Trouble]
    history: list[PassedStatus]
    photos: list[UUID]
    changes: list[ChangeOut]


class Owed(Out):
    """What can be paid now, in minor units of `currency`."""

    currency: str
    amount: int
    invoices: int


class HomeOut(Out):
    """`owed` is None for those who may not see it; `administrators` are whom they may ask."""

    customer: str | None
    address: Address | None
    zone: str | None
    next_appointment: VisitOut | None
    open: list[VisitOut]
    owed: list[Owed] | None
    administrators: list[str]


class ContactIn(Body):
    """Who is there when the technician comes."""

    name: Line
    phone: PhoneNumber
    email: EmailStr | None = None


class RequestIn(Body):
    """`start` is that of a free window; where none suits, `preferred` says when it would."""

    problem: Text
    trade: Annotated[str, Field(min_length=1, max_length=100, pattern=CLEAN)] | None = None
    equipment_id: UUID | None = None
    photos: list[UUID] = Field(default_factory=list[UUID], max_length=5)
    start: AwareDatetime | None = None
    preferred: Line | None = None
    contact: ContactIn
    notes: Annotated[str, Field(max_length=1000, pattern=CLEAN)] | None = None

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        if (self.start is None) == (self.preferred is None):
            raise ValueError("send either start, of a free window, or preferred, in words")
        return self


class RequestOut(Out):
    """`id` is that of the visit: GET /v1/me/dispatches/{id}."""

    id: UUID
    number: str
    start: datetime | None
    end: datetime | None


class PhotoOut(Out):
    id: UUID
    width: int
    height: int


class ChangeIn(Body):
    """To reschedule, `start` of a free window or `preferred` in words."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"action": "cancel"}]})

    action: Literal["reschedule", "cancel"]
    start: AwareDatetime | None = None
    preferred: Line | None = None
    reason: Annotated[str, Field(max_length=500, pattern=CLEAN)] | None = None

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        times = (self.start is not None) + (self.preferred is not None)
        if times != (1 if self.action == "reschedule" else 0):
            raise ValueError("send start or preferred to reschedule, and neither to cancel")
        return self


def visit(row: Row) -> dict[str, object]:
    """A row of queries.visits as VisitOut."""
    lines = row.lines or []
    appointment = None
    if row.start_at is not None:
        when = {"start": row.start_at, "end": row.end_at, "zone": row.zone or "UTC"}
        appointment = {**when, "technician": row.technician}
    return {
        "id": row.id,
        "number": row.number,
        "partner": row.partner,
        "trade": row.trade,
        "title": next(
            (line["description"] for line in lines if line.get("description")), row.trade or "Visit"
        ),
        "status": row.status or "Requested",
        "words": in_words(row.status),
        "status_at": row.status_at,
        "closed": row.closed,
        "received_at": row.received_at,
        "appointment": appointment,
    }


def problems(row: Row) -> list[dict[str, object]]:
    lines = row.lines or []
    return [{"item": line.get("description"), "symptoms": line.get("symptoms", [])} for line in lines]
