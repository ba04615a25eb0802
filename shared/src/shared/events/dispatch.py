"""Dispatches: what a partner sent, what became of it, and how it goes on."""

from datetime import datetime
from typing import Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import Field

from shared.events.base import Event, Record

Outcome = Literal["processed", "updated", "cancelled", "duplicate", "unable", "ignored"]
Role = Literal["customer", "contact", "contract_contact"]
NoteKind = Literal["coverage", "product", "message", "dispatch"]

_DISPATCHES = uuid5(NAMESPACE_URL, "https://callboard.example/dispatches")


def dispatch_id(partner: str, number: str) -> UUID:
    """The id of a partner's dispatch, which every service can name before its row exists."""
    return uuid5(_DISPATCHES, f"{partner}:{number}")


class Phone(Record):
    """A number as the partner gave it. `type` is the partner's word: CELL, HOME, WORK, OFF."""

    type: str | None = None
    number: str


class Person(Record):
    """Somebody on a dispatch. One `name` may hold two people, a suffix or a company: it is kept as given."""

    role: Role
    name: str | None = None
    phones: tuple[Phone, ...] = ()


class Address(Record):
    """A US address in the partner's pieces: street = number, direction and name; unit = type and number."""

    street: str | None = None
    unit: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    zip4: str | None = None


class Vendor(Record):
    """The contractor as the partner knows it."""

    id: str | None = None
    name: str | None = None
    phones: tuple[Phone, ...] = ()
    address: Address | None = None


class Department(Record):
    """A desk of the partner to call back."""

    name: str | None = None
    phones: tuple[Phone, ...] = ()


class Contract(Record):
    """The customer's plan. Dates are `YYYY-MM-DD` as given."""

    id: str | None = None
    plan_code: str | None = None
    effective_date: str | None = None
    expiration_date: str | None = None
    listing_effective_date: str | None = None
    listing_expiration_date: str | None = None


class WorkOrderLine(Record):
    """One item to look at. `attributes` are the partner's name and value pairs: Brand, Model Number."""

    line_id: str | None = None
    description: str | None = None
    symptoms: tuple[str, ...] = ()
    attributes: dict[str, str] = Field(default_factory=dict)


class Fee(Record):
    """The service fee in minor units of `currency`. None means not given, which is not 0."""

    amount: int | None = None
    paid: int | None = None
    open: int | None = None
    currency: str = "USD"


class Note(Record):
    kind: NoteKind
    header: str | None = None
    text: str


class DispatchContent(Record):
    """All that a partner said of a dispatch, in document order. A blank value counts as not given.

    `dispatched_at` is `YYYY-MM-DDThh:mm:ss` on the location's clock: partners send no zone.
    `do_not_collect` beats an open fee. `email` and `text_consent` come from the consent notes.
    """

    number: str
    vendor: Vendor = Vendor()
    departments: tuple[Department, ...] = ()
    activity_type: str | None = None
    authorization_required: bool = False
    contract: Contract = Contract()
    service_address: Address = Address()
    people: tuple[Person, ...] = ()
    email: str | None = None
    text_consent: str | None = None
    dispatched_at: str | None = None
    priority: str | None = None
    dispatch_type: str | None = None
    trade: str | None = None
    fee: Fee = Fee()
    do_not_collect: bool = False
    lines: tuple[WorkOrderLine, ...] = ()
    notes: tuple[Note, ...] = ()

    def person(self, role: Role) -> Person | None:
        """The first person in that role."""
        return next((person for person in self.people if person.role == role), None)


class DispatchReceived(Event, name="dispatch.received.v1", heard_by=("dispatch",)):
    """A trusted mail held one well-formed dispatch. `repeats` is the mailbox's policy for a known number."""

    mail_id: UUID
    partner: str
    received_at: datetime
    content: DispatchContent
    bill_to: str | None = None
    repeats: Literal["apply", "reject"] = "apply"


class DispatchMentioned(Event, name="dispatch.mentioned.v1", heard_by=("dispatch",)):
    """A mail without a document names a dispatch ("CIL Accepted for dispatch N"): a person must look."""

    mail_id: UUID
    partner: str
    number: str
    subject: str
    received_at: datetime


class DispatchResolved(Event, name="dispatch.resolved.v1", heard_by=("mail-ingest", "portal-api")):
    """What became of a mail's dispatch; the mail is forwarded accordingly. `reason` is for a person."""

    mail_id: UUID
    dispatch_id: UUID | None = None
    outcome: Literal["processed", "updated", "cancelled", "duplicate", "unable"]
    reason: str | None = None


class DispatchCreated(Event, name="dispatch.created.v1", heard_by=("customer", "payments", "portal-api")):
    dispatch_id: UUID
    version: int
    partner: str | None = None
    content: DispatchContent
    bill_to: str | None = None
    received_at: datetime
    customer_id: UUID | None = None
    location_id: UUID | None = None
    """Both are set where they are known from the start (a service request): nothing is then matched."""


class DispatchUpdated(Event, name="dispatch.updated.v1", heard_by=("customer", "payments", "portal-api")):
    """The partner or the office changed the dispatch; `content` is the whole new one."""

    dispatch_id: UUID
    version: int
    partner: str | None = None
    content: DispatchContent
    changed: tuple[str, ...] = ()
    bill_to: str | None = None
    received_at: datetime


class DispatchScheduled(Event, name="dispatch.scheduled.v1", heard_by=("portal-api",)):
    """An appointment was set, moved or taken back (`start` is None). `zone` is the location's IANA zone."""

    dispatch_id: UUID
    version: int
    appointment_id: UUID
    technician_id: UUID | None = None
    start: datetime | None = None
    end: datetime | None = None
    zone: str | None = None


class StatusChanged(Event, name="dispatch.status_changed.v1", heard_by=("portal-api",)):
    """The office status moved from `old` to `new`; `by` is who did it. `version` grows with each change.
    `closed` says that a dispatch with the new status is done."""

    dispatch_id: UUID
    version: int
    old: str | None = None
    new: str
    at: datetime
    by: str
    note: str | None = None
    closed: bool = False


class PartnerUpdateSettled(Event, name="partner.update_settled.v1", heard_by=("portal-api",)):
    """What the partner said to one status update, or that it was given up."""

    delivery_id: UUID
    dispatch_id: UUID
    partner: str
    partner_code: str
    state: Literal["accepted", "refused", "given_up"]
    answer: str | None = None
    at: datetime
