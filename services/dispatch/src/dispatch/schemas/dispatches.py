"""What crosses HTTP about dispatches. Unknown members are refused; texts are stripped and bounded."""

from typing import Any
from uuid import UUID

from pydantic import Field
from shared.bodies import Out
from shared.events.dispatch import DispatchContent, NoteKind, Role

from dispatch.schemas.base import Body, Partner, Time, Word


class PhoneIn(Body):
    type: str | None = None
    number: str = Field(min_length=1, max_length=40)


class PersonIn(Body):
    role: Role
    name: str | None = None
    phones: list[PhoneIn] = Field(default_factory=list[PhoneIn], max_length=20)


class AddressIn(Body):
    street: str | None = None
    unit: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    zip4: str | None = None


class LineIn(Body):
    line_id: str | None = None
    description: str | None = None
    symptoms: list[str] = Field(default_factory=list[str], max_length=50)
    attributes: dict[str, str] = Field(default_factory=dict[str, str], max_length=50)


class FeeIn(Body):
    """Minor units of `currency`."""

    amount: int | None = Field(default=None, ge=0, le=10**9)
    paid: int | None = Field(default=None, ge=0, le=10**9)
    open: int | None = Field(default=None, ge=0, le=10**9)
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")


class NoteIn(Body):
    kind: NoteKind
    header: str | None = None
    text: str = Field(min_length=1, max_length=20_000)


class DispatchEdit(Body):
    """Only the members that are sent change; each replaces the whole one of before."""

    service_address: AddressIn | None = None
    people: list[PersonIn] | None = Field(default=None, max_length=50)
    email: str | None = Field(default=None, max_length=320)
    text_consent: str | None = None
    dispatched_at: str | None = Field(default=None, max_length=30)
    priority: str | None = None
    dispatch_type: str | None = None
    trade: str | None = None
    authorization_required: bool | None = None
    fee: FeeIn | None = None
    do_not_collect: bool | None = None
    lines: list[LineIn] | None = Field(default=None, max_length=200)
    notes: list[NoteIn] | None = Field(default=None, max_length=500)

    def apply_to(self, content: DispatchContent) -> DispatchContent:
        """A list, flag or object that is sent as null becomes empty."""
        sent = self.model_dump(exclude_unset=True)
        kept = {name: value for name, value in content if name not in sent}
        given = {name: value for name, value in sent.items() if value is not None}
        return DispatchContent.model_validate({**kept, **given})


class DispatchNew(DispatchEdit):
    """A dispatch that did not come by mail. With `partner`, `number` is the partner's, and a later mail of
    that number updates this one; without, a missing number is made from the board number."""

    partner: Partner | None = None
    number: Word | None = None
    technician_id: UUID | None = None
    bill_to: str | None = Field(default=None, max_length=200)


class DispatchLine(Out):
    """One line of the board. Fees are minor units of `currency`; times are UTC; `zone` is the location's."""

    id: UUID
    board: int
    version: int
    partner: str | None
    number: str
    status: str
    closed: bool
    customer_name: str | None
    phones: str
    street: str | None
    city: str | None
    state: str | None
    zip: str | None
    trade: str | None
    priority: str | None
    type: str | None
    fee_amount: int | None
    fee_open: int | None
    currency: str
    do_not_collect: bool
    incomplete: bool
    updated_by_partner: bool
    cancelled_by_partner: bool
    needs_attention: bool
    technician_id: UUID | None
    scheduled_start: Time | None
    scheduled_end: Time | None
    zone: str | None
    customer_id: UUID | None
    location_id: UUID | None
    match_state: str | None
    received_at: Time
    changed_at: Time


class DispatchOut(DispatchLine):
    bill_to: str | None
    bill_to_id: UUID | None
    match_score: int | None
    told_at: Time | None
    content: DispatchContent


class StatusIn(Body):
    """`at` is when it happened, now if left out; codes like Complete carry it to the partner. `note` goes
    to the partner with the status."""

    status: Word
    at: Time | None = None
    note: str | None = None


class AssignIn(Body):
    technician_id: UUID | None


class TextIn(Body):
    text: str = Field(min_length=1, max_length=10_000)


class WindowIn(Body):
    """Times without an offset are on the location's clock."""

    start: Time
    end: Time
    technician_id: UUID | None = None


class CollisionOut(Out):
    """Another appointment of the same technician at the same time."""

    appointment_id: UUID
    dispatch_id: UUID
    number: str
    window: str


class AssignedOut(DispatchOut):
    """`collides_with` are the appointments that the technician has at the times of this dispatch."""

    collides_with: list[CollisionOut]


class AppointmentOut(Out):
    """`window` is the time as the location's clock shows it. `collides_with` is a warning: nothing was
    refused."""

    id: UUID
    version: int
    dispatch_id: UUID
    technician_id: UUID | None
    start_at: Time
    end_at: Time
    zone: str
    cancelled: bool
    window: str
    collides_with: list[CollisionOut]


class HistoryOut(Out):
    """`detail` by `kind`: `changes` are [path, old, new]; `old` and `new` status; `window`; `text` of a
    note."""

    id: UUID
    version: int
    at: Time
    by: str
    kind: str
    detail: dict[str, Any]


class AlertOut(Out):
    id: UUID
    dispatch_id: UUID
    kind: str
    text: str
    at: Time
    mail_id: UUID | None
    delivery_id: UUID | None
    acknowledged_at: Time | None
    acknowledged_by: str | None
