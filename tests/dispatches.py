"""Synthetic dispatches for the tests."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from dispatch.models import alert
from shared.db import uuid7
from shared.events import Event
from shared.events.dispatch import (
    Address,
    Contract,
    DispatchContent,
    DispatchReceived,
    DispatchResolved,
    Fee,
    Person,
    Phone,
    WorkOrderLine,
    dispatch_id,
)
from shared.service import Running
from sqlalchemy import Table, select


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


async def rows(run: Running[Any], table: Table) -> list[Any]:
    async with run.database.read() as read:
        return list((await read.execute(select(table).order_by(*table.primary_key))).all())


async def texts(run: Running[Any]) -> list[tuple[str, str]]:
    """Kind and text of all alerts, oldest first."""
    return [(raised.kind, raised.text) for raised in await rows(run, alert)]


def answers(events: Sequence[Event]) -> list[tuple[str, str | None]]:
    return [(event.mail_outcome, event.reason) for event in events if isinstance(event, DispatchResolved)]


def outcomes(events: Sequence[Event]) -> list[str]:
    return [outcome for outcome, _ in answers(events)]


def on(hour: int) -> dict[str, Any]:
    """A mail whose Date is that hour of the day on which `received` says that it came."""
    return {"sent_at": datetime(2026, 1, 5, hour, tzinfo=UTC)}
