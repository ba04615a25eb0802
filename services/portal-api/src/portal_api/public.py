"""The events as others see them. Names are without a version: fields are only ever added."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid5

import pydantic_core
from shared.events import Event
from shared.events.customer import CustomerChanged, CustomerMatched, LocationChanged
from shared.events.dispatch import (
    DispatchCreated,
    DispatchResolved,
    DispatchScheduled,
    DispatchUpdated,
    PartnerUpdateSettled,
    StatusChanged,
)
from shared.events.money import InvoiceChanged, InvoiceIssued, PaymentRefunded, PaymentSettled

PublicName: TypeAlias = Literal[
    "dispatch.created",
    "dispatch.updated",
    "dispatch.scheduled",
    "dispatch.status_changed",
    "customer.changed",
    "location.changed",
    "invoice.issued",
    "invoice.changed",
    "payment.settled",
    "payment.refunded",
    "partner.update_settled",
]


class Public(NamedTuple):
    event: type[Event]
    description: str


PUBLIC: Mapping[PublicName, Public] = {
    "dispatch.created": Public(DispatchCreated, "A new dispatch is on the board; `content` is all of it."),
    "dispatch.updated": Public(
        DispatchUpdated, "The partner or the office changed a dispatch; `content` is the whole new one."
    ),
    "dispatch.scheduled": Public(
        DispatchScheduled, "An appointment was set or moved; without `start` it was taken back."
    ),
    "dispatch.status_changed": Public(StatusChanged, "The office status of a dispatch moved to `new`."),
    "customer.changed": Public(CustomerChanged, "A customer is new or changed; the whole present record."),
    "location.changed": Public(LocationChanged, "A location is new or changed; the whole present record."),
    "invoice.issued": Public(InvoiceIssued, "An invoice was issued; the whole of it."),
    "invoice.changed": Public(InvoiceChanged, "An issued invoice changed, its balance or state too."),
    "payment.settled": Public(PaymentSettled, "Money came in. Amounts are in minor units."),
    "payment.refunded": Public(PaymentRefunded, "Money went back. Amounts are in minor units."),
    "partner.update_settled": Public(
        PartnerUpdateSettled, "A partner accepted or refused a status update, or it was given up."
    ),
}

_NAMES: dict[type[Event], PublicName] = {public.event: name for name, public in PUBLIC.items()}
_EVENTS = uuid5(NAMESPACE_URL, "https://callboard.example/public-events")


def public_name(event: Event) -> PublicName | None:
    return _NAMES.get(type(event))


_STREAMED: dict[type[Event], str] = {CustomerMatched: "dispatch.matched", DispatchResolved: "mail.outcome"}


def stream_name(event: Event) -> str | None:
    """The live stream says besides whose a dispatch is, and what became of a mail with a dispatch."""
    return _STREAMED.get(type(event)) or public_name(event)


def public_id(event: Event) -> UUID:
    """The same for a repeat of the event, whoever hears it again: an event's content is its identity."""
    return uuid5(_EVENTS, f"{event.event_name} {event.model_dump_json(exclude_none=True)}")


def payload(type: str, at: datetime, data: object) -> str:
    """What is sent, as JSON: `type`, `timestamp`, `data`. `data` is an event, or a JSON object."""
    body = {"type": type, "timestamp": at, "data": data}
    return pydantic_core.to_json(body, exclude_none=True).decode()
