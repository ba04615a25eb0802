"""Dispatches: what became of what a partner sent, and how it goes on."""

from datetime import datetime
from typing import Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.events.base import Event
from shared.events.content import Address as Address
from shared.events.content import Contract as Contract
from shared.events.content import Department as Department
from shared.events.content import DispatchContent as DispatchContent
from shared.events.content import Fee as Fee
from shared.events.content import Note as Note
from shared.events.content import NoteKind as NoteKind
from shared.events.content import Person as Person
from shared.events.content import Phone as Phone
from shared.events.content import Role as Role
from shared.events.content import Vendor as Vendor
from shared.events.content import WorkOrderLine as WorkOrderLine

Outcome = Literal["processed", "updated", "cancelled", "duplicate", "late", "unable", "ignored"]

_DISPATCHES = uuid5(NAMESPACE_URL, "https://callboard.example/dispatches")


def dispatch_id(partner: str, number: str) -> UUID:
    """The id of a partner's dispatch, which every service can name before its row exists."""
    return uuid5(_DISPATCHES, f"{partner}:{number}")


class DispatchReceived(Event, name="dispatch.received.v1", heard_by=("dispatch",)):
    """A trusted mail held one well-formed dispatch. `repeats` is the mailbox's policy for a known number.

    `received_at` is when we stored the mail; `sent_at` and `message_id` are what its sender wrote into Date
    and Message-ID, None where that is missing or no date. The document's own date is `content.dispatched_at`.
    """

    mail_id: UUID
    partner: str
    received_at: datetime
    content: DispatchContent
    bill_to: str | None = None
    repeats: Literal["apply", "reject"] = "apply"
    sent_at: datetime | None = None
    message_id: str | None = None


class DispatchMentioned(Event, name="dispatch.mentioned.v1", heard_by=("dispatch",)):
    """A mail without a document names a dispatch ("CIL Accepted for dispatch N"): a person must look."""

    mail_id: UUID
    partner: str
    number: str
    subject: str
    received_at: datetime


class DispatchResolved(Event, name="dispatch.resolved.v1", heard_by=("mail-ingest", "portal-api")):
    """What became of a mail's dispatch; the mail is forwarded accordingly. `reason` is for a person. `late`
    makes an `unable` more exact: something newer stands, so nothing was changed."""

    mail_id: UUID
    dispatch_id: UUID | None = None
    outcome: Literal["processed", "updated", "cancelled", "duplicate", "unable"]
    reason: str | None = None
    late: bool = False

    @property
    def mail_outcome(self) -> Outcome:
        """The outcome that the mail log shows."""
        return "late" if self.late else self.outcome


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
