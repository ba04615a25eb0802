"""Synthetic dispatches for the tests."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.db import uuid7
from shared.events.dispatch import (
    Address,
    Contract,
    DispatchContent,
    DispatchReceived,
    Fee,
    Person,
    Phone,
    WorkOrderLine,
    dispatch_id,
)


def content(number: str = "40000001", **changes: Any) -> DispatchContent:
    whole = DispatchContent(
        number=number,
        contract=Contract(id="100000001", plan_code="PLANX"),
        service_address=Address(street="12 N SAMPLE ST", city="ANYTOWN", state="TX", zip="75001"),
        people=(
            Person(role="customer", name="PAT EXAMPLE", phones=(Phone(type="CELL", number="5550100002"),)),
        ),
        dispatched_at="2026-01-05T11:41:19",
        priority="NORMAL",
        dispatch_type="NORMAL",
        trade="APL",
        fee=Fee(amount=10000, paid=0, open=10000),
        lines=(WorkOrderLine(line_id="1", description="Refrigerator", symptoms=("not cooling",)),),
    )
    return whole.model_copy(update=changes)


def received(
    what: DispatchContent | None = None, *, mail_id: UUID | None = None, **more: Any
) -> DispatchReceived:
    about = {"partner": "ahs", "received_at": datetime(2026, 1, 5, 18, tzinfo=UTC), **more}
    return DispatchReceived(mail_id=mail_id or uuid7(), content=what or content(), **about)


def known(number: str = "40000001") -> UUID:
    return dispatch_id("ahs", number)
