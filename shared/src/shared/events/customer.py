"""Customers and what belongs to them. A `…Changed` event carries the whole current record."""

from datetime import date
from typing import Literal
from uuid import UUID

from shared.events.base import Event, Record
from shared.events.dispatch import Address, Phone


class CustomerMatched(Event, name="customer.matched.v1", heard_by=("dispatch", "payments", "portal-api")):
    """Whose dispatch it is. `version` is the dispatch's version that was matched, `match_version` grows with
    each answer for that dispatch (a person may decide otherwise). `state` is `review` while a person must
    choose; the ids are then those of the best candidate or None. `score` is 0 to 100. `unknown_payer` is
    whom the mailbox bills, where that is no customer: `bill_to_id` is then the partner's own payer."""

    dispatch_id: UUID
    version: int
    match_version: int
    customer_id: UUID | None = None
    location_id: UUID | None = None
    state: Literal["automatic", "review", "new", "confirmed"]
    score: int
    reasons: tuple[str, ...] = ()
    bill_to_id: UUID | None = None
    zone: str | None = None
    unknown_payer: str | None = None


class CustomerChanged(Event, name="customer.changed.v1", heard_by=("payments", "portal-api")):
    customer_id: UUID
    version: int
    number: int
    name: str
    kind: Literal["person", "company", "partner"]
    email: str | None = None
    phones: tuple[Phone, ...] = ()
    merged_into: UUID | None = None
    closed: bool = False


class LocationChanged(Event, name="location.changed.v1", heard_by=("payments", "portal-api")):
    """`zone` is the IANA zone in which this location's times are read and shown."""

    location_id: UUID
    customer_id: UUID
    version: int
    address: Address
    zone: str
    closed: bool = False


class Equipment(Record):
    description: str
    brand: str | None = None
    model: str | None = None
    serial: str | None = None
    place: str | None = None
    installed_on: date | None = None
    warranty_until: date | None = None


class EquipmentChanged(Event, name="equipment.changed.v1", heard_by=("portal-api",)):
    equipment_id: UUID
    location_id: UUID
    version: int
    equipment: Equipment
    removed: bool = False


class Agreement(Record):
    """A service agreement, or the partner's contract (`partner` and `contract_id` are then set)."""

    name: str
    partner: str | None = None
    contract_id: str | None = None
    plan_code: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    visits_per_year: int | None = None


class AgreementChanged(Event, name="agreement.changed.v1", heard_by=("portal-api",)):
    agreement_id: UUID
    location_id: UUID
    version: int
    agreement: Agreement
    ended: bool = False
