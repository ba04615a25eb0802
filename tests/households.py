"""Dispatches of one household, with one thing or another changed."""

from datetime import UTC, datetime
from typing import Any

from shared.events.dispatch import (
    Address,
    Contract,
    DispatchContent,
    DispatchCreated,
    DispatchUpdated,
    Person,
    Phone,
    WorkOrderLine,
    dispatch_id,
)

HOUSE = Address(street="12 N SAMPLE ST", unit="APT 3", city="ANYTOWN", state="TX", zip="75001")


def person(name: str | None = "PAT EXAMPLE", *numbers: str, role: Any = "customer") -> Person:
    return Person(role=role, name=name, phones=tuple(Phone(type="CELL", number=number) for number in numbers))


def content(number: str = "40000001", **changes: Any) -> DispatchContent:
    """PAT EXAMPLE with contract 100000001 at 12 N Sample St, Apt 3, unless `changes` say otherwise."""
    said: dict[str, Any] = {
        "number": number,
        "contract": Contract(
            id="100000001", plan_code="PLANX", effective_date="2025-01-01", expiration_date="2026-01-01"
        ),
        "service_address": HOUSE,
        "people": (person("PAT EXAMPLE", "6515550137"),),
        "email": "pat@example.com",
        "lines": (WorkOrderLine(line_id="1", description="Refrigerator"),),
    }
    return DispatchContent.model_validate(said | changes)


def created(
    number: str = "40000001",
    *,
    version: int = 1,
    partner: str | None = "ahs",
    bill_to: str | None = None,
    **changes: Any,
) -> DispatchCreated:
    return DispatchCreated(
        dispatch_id=dispatch_id(partner or "", number),
        version=version,
        partner=partner,
        content=content(number, **changes),
        bill_to=bill_to,
        received_at=datetime(2026, 1, 5, 17, 41, tzinfo=UTC),
    )


def updated(number: str = "40000001", *, version: int = 2, **changes: Any) -> DispatchUpdated:
    return DispatchUpdated.model_validate(dict(created(number, version=version, **changes)))
