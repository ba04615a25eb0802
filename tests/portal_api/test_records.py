"""What portal-api keeps of the others' facts, in whatever order it hears them."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from harness import feed
from portal_api.models.records import (
    appointment_record,
    dispatch_record,
    invoice_record,
    location_record,
    payment_record,
    status_record,
    technician_record,
)
from shared.events import Event
from shared.events.customer import CustomerMatched, LocationChanged
from shared.events.dispatch import (
    Address,
    DispatchContent,
    DispatchCreated,
    DispatchScheduled,
    DispatchUpdated,
    StatusChanged,
    WorkOrderLine,
)
from shared.events.money import Invoice, InvoiceChanged, InvoiceIssued, PaymentRefunded, PaymentSettled
from shared.events.technician import TechnicianChanged
from shared.service import Running
from sqlalchemy import Table, select

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


async def rows(run: Running[Any], table: Table) -> list[Any]:
    async with run.database.read() as read:
        return list((await read.execute(select(table).order_by(*table.primary_key))).all())


def about(version: int, **values: Any) -> dict[str, Any]:
    content = DispatchContent(number="4711", trade="Plumbing", lines=(WorkOrderLine(description="Sink"),))
    return {"version": version, "partner": "ahs", "content": content, "received_at": NOW, **values}


async def test_a_dispatch_is_the_same_in_whatever_order_it_is_told(run: Running[Any]) -> None:
    customer, location, appointment, technician = (uuid4() for _ in range(4))
    for order in permutations(range(4)):
        id = uuid4()
        events: list[Event] = [
            DispatchCreated(dispatch_id=id, **about(1)),
            CustomerMatched(
                dispatch_id=id,
                version=1,
                match_version=2,
                customer_id=customer,
                location_id=location,
                state="automatic",
                score=90,
            ),
            StatusChanged(dispatch_id=id, version=3, old="Pending", new="Done", at=NOW, by="a", closed=True),
            StatusChanged(dispatch_id=id, version=1, new="Pending", at=NOW, by="ahs"),
        ]
        for place in order:
            await feed(run, events[place])
        (found,) = [row for row in await rows(run, dispatch_record) if row.id == id]
        assert (found.number, found.version, found.location_id) == ("4711", 1, location)
        assert (found.status, found.status_version, found.closed) == ("Done", 3, True)
        assert found.lines[0]["description"] == "Sink"
        passed = [row.status for row in await rows(run, status_record) if row.dispatch_id == id]
        assert passed == ["Pending", "Done"]
    moved: dict[str, Any] = {
        "dispatch_id": uuid4(),
        "appointment_id": appointment,
        "technician_id": technician,
    }
    later = DispatchScheduled(**moved, version=5, start=NOW, end=NOW + timedelta(hours=4), zone="UTC")
    await feed(run, later, DispatchScheduled(**moved, version=4))
    assert [row.start_at for row in await rows(run, appointment_record)] == [NOW]
    await feed(run, DispatchScheduled(**moved, version=6))
    assert [row.start_at for row in await rows(run, appointment_record)] == [None]


async def test_while_a_person_must_choose_a_dispatch_is_nobodys(run: Running[Any]) -> None:
    id, location = uuid4(), uuid4()
    matched: dict[str, Any] = {"dispatch_id": id, "version": 1, "location_id": location, "score": 70}
    await feed(run, CustomerMatched(**matched, match_version=1, state="review"))
    assert [row.location_id for row in await rows(run, dispatch_record)] == [None]
    await feed(run, CustomerMatched(**matched, match_version=2, state="confirmed"))
    assert [row.location_id for row in await rows(run, dispatch_record)] == [location]
    await feed(run, CustomerMatched(**matched, match_version=1, state="review"))
    assert [row.location_id for row in await rows(run, dispatch_record)] == [location]


async def test_whose_a_requested_dispatch_is_is_known_from_the_start(run: Running[Any]) -> None:
    id, customer, location = uuid4(), uuid4(), uuid4()
    await feed(run, DispatchUpdated(dispatch_id=id, **about(2)))
    await feed(run, DispatchCreated(dispatch_id=id, **about(1, customer_id=customer, location_id=location)))
    (found,) = await rows(run, dispatch_record)
    assert (found.version, found.customer_id, found.location_id) == (2, customer, location)


@pytest.mark.parametrize("batched", [True, False])
async def test_an_older_version_is_ignored(run: Running[Any], batched: bool) -> None:
    id, technician = uuid4(), uuid4()
    events: list[Event] = []
    for version in (2, 3, 1):
        place = Address(street=f"{version} OAK ST")
        home: dict[str, Any] = {
            "location_id": id,
            "customer_id": uuid4(),
            "address": place,
            "zone": "America/Chicago",
        }
        events.append(LocationChanged(**home, version=version, closed=version == 3))
        person: dict[str, Any] = {
            "technician_id": technician,
            "name": f"Ana {version}",
            "is_default": version == 3,
        }
        events.append(TechnicianChanged(**person, version=version))
    if batched:
        await feed(run, *sorted(events, key=lambda event: event.event_name))
    else:
        for event in events:
            await feed(run, event)
    (place,) = await rows(run, location_record)
    assert (place.version, place.address["street"], place.closed) == (3, "3 OAK ST", True)
    (who,) = await rows(run, technician_record)
    assert (who.version, who.name, who.is_default) == (3, "Ana 3", True)


async def test_invoices_and_payments(run: Running[Any]) -> None:
    id, customer = uuid4(), uuid4()
    invoice = Invoice(
        number="INV-1",
        customer_id=customer,
        state="issued",
        issued_on=date(2026, 3, 1),
        due_on=date(2026, 3, 31),
        subtotal=20500,
        total=20500,
        balance=20500,
    )
    paid = invoice.model_copy(update={"balance": 0, "paid": 20500, "state": "paid"})
    await feed(run, InvoiceChanged(invoice_id=id, version=2, invoice=paid))
    await feed(run, InvoiceIssued(invoice_id=id, version=1, invoice=invoice))
    (found,) = await rows(run, invoice_record)
    assert (found.state, found.balance, found.invoice["paid"]) == ("paid", 0, 20500)
    payment = uuid4()
    money: dict[str, Any] = {"invoice_id": id, "customer_id": customer, "amount": 20500, "at": NOW}
    settled = PaymentSettled(payment_id=payment, method="card", brand="Visa", last4="1111", **money)
    await feed(run, settled)
    await feed(run, settled, PaymentRefunded(refund_id=uuid4(), payment_id=payment, **money))
    assert [row.amount for row in await rows(run, payment_record)] == [20500, 20500]
