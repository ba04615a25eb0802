"""What customers do at their own door, and what the office says of itself."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.events.base import Event, Record
from shared.events.dispatch import Address, Phone


class AccountInvited(Event, name="account.invited.v1"):
    """Somebody may come in for this location. Neither password nor link are said."""

    account_id: UUID
    customer_id: UUID
    location_id: UUID
    email: str
    administrator: bool = False


class AccountClosed(Event, name="account.closed.v1"):
    account_id: UUID
    location_id: UUID
    reason: Literal["revoked", "location_closed", "customer_merged"]


class TimeWindow(Record):
    """A time of day at the location, `HH:MM` to `HH:MM`."""

    start: str
    end: str


class CompanyChanged(
    Event, name="company.changed.v1", heard_by=("mail-ingest", "dispatch", "customer", "payments")
):
    """Company information, whole. `smtp_password` is sealed with the deployment's key (`shared.secrets`).
    `logo` is a JPEG in base64 for printing, neither side longer than 480 pixels.
    `windows` are offered to customers on `weekdays` (Monday is 0). A field that is None leaves the value of
    the environment."""

    version: int
    name: str
    address: Address | None = None
    phone: str | None = None
    email: str | None = None
    zone: str
    logo_url: str | None = None
    logo: str | None = None
    web_url: str | None = None
    smtp_host: str | None = None
    smtp_port: int | None = None
    smtp_security: Literal["none", "starttls", "ssl"] | None = None
    smtp_user: str | None = None
    smtp_password: str | None = None
    sender_name: str | None = None
    sender_address: str | None = None
    windows: tuple[TimeWindow, ...] = ()
    weekdays: tuple[int, ...] = ()


class Contact(Record):
    """Who is there when the technician comes."""

    name: str
    phones: tuple[Phone, ...] = ()
    email: str | None = None


class ServiceRequested(Event, name="service.requested.v1", heard_by=("dispatch",)):
    """The wizard's answers. The dispatch made of it has `request_id` as its id. `start` and `end` are the
    window that was chosen; without one, `preferred` says in words when the customer would like it."""

    request_id: UUID
    number: str
    customer_id: UUID
    location_id: UUID
    account_id: UUID
    requested_at: datetime
    problem: str
    trade: str | None = None
    equipment_id: UUID | None = None
    equipment: str | None = None
    contact: Contact
    address: Address
    customer_name: str
    zone: str
    start: datetime | None = None
    end: datetime | None = None
    preferred: str | None = None
    notes: str | None = None
    photos: tuple[str, ...] = ()
    """Paths under portal-api's `/v1`, for staff."""


class RequestChangeAsked(Event, name="service.change_asked.v1", heard_by=("dispatch",)):
    """The customer moves or takes back a visit. `dispatch_id` may also be a partner's dispatch: a person must
    then look, since the partner decides."""

    change_id: UUID
    dispatch_id: UUID
    location_id: UUID
    account_id: UUID
    action: Literal["reschedule", "cancel"]
    asked_at: datetime
    start: datetime | None = None
    end: datetime | None = None
    preferred: str | None = None
    reason: str | None = None


class RequestChangeAnswered(Event, name="service.change_answered.v1", heard_by=("portal-api",)):
    """`noted`: a person of the office will call back."""

    change_id: UUID
    dispatch_id: UUID
    state: Literal["applied", "noted", "refused"]
    reason: str | None = None


class CustomerEdit(Record):
    """What a portal administrator may change; None leaves a field as it is."""

    name: str | None = None
    email: str | None = None
    phones: tuple[Phone, ...] | None = None
    address: Address | None = None


class CustomerChangeRequested(Event, name="customer.change_requested.v1", heard_by=("customer",)):
    """`customer_version` and `location_version` are those that the person saw: a newer one refuses."""

    change_id: UUID
    customer_id: UUID
    location_id: UUID
    account_id: UUID
    customer_version: int
    location_version: int
    edit: CustomerEdit


class CustomerChangeAnswered(Event, name="customer.change_answered.v1", heard_by=("portal-api",)):
    change_id: UUID
    customer_id: UUID
    state: Literal["applied", "refused"]
    reason: str | None = None
