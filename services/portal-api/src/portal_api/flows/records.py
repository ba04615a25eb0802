"""Keeps what other services say of customers, technicians, invoices and payments.

Batches in, one statement a table; an older version never replaces a newer one, in whatever order they come.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.batches import insert_rows, upsert_newer
from shared.events.customer import AgreementChanged, CustomerChanged, EquipmentChanged, LocationChanged
from shared.events.money import (
    InvoiceChanged,
    InvoiceIssued,
    PaymentRefunded,
    PaymentSettled,
    SavedCardChanged,
    paid_by,
)
from shared.events.technician import TechnicianChanged
from shared.work import Work

from portal_api.flows.accounts import close_for_location
from portal_api.models.records import (
    agreement_record,
    card_record,
    customer_record,
    equipment_record,
    invoice_record,
    location_record,
    payment_part,
    payment_record,
    technician_record,
)


async def keep_customers(work: Work[Any], events: Sequence[CustomerChanged]) -> None:
    rows = [
        {
            "id": event.customer_id,
            "version": event.version,
            "number": event.number,
            "name": event.name,
            "kind": event.kind,
            "email": event.email,
            "phones": event.phones,
            "merged_into": event.merged_into,
            "closed": event.closed,
        }
        for event in events
    ]
    await upsert_newer(work.session, customer_record, rows, newer="version")


async def keep_locations(work: Work[Any], events: Sequence[LocationChanged]) -> None:
    rows = [
        {
            "id": event.location_id,
            "version": event.version,
            "customer_id": event.customer_id,
            "address": event.address,
            "zone": event.zone,
            "closed": event.closed,
        }
        for event in events
    ]
    written = set(await upsert_newer(work.session, location_record, rows, newer="version"))
    newest = {event.location_id: event for event in sorted(events, key=lambda event: event.version)}
    for id in sorted(written):
        if newest[id].closed:
            await close_for_location(work, id)


async def keep_equipment(work: Work[Any], events: Sequence[EquipmentChanged]) -> None:
    rows = [
        {
            "id": event.equipment_id,
            "version": event.version,
            "location_id": event.location_id,
            "equipment": event.equipment,
            "removed": event.removed,
        }
        for event in events
    ]
    await upsert_newer(work.session, equipment_record, rows, newer="version")


async def keep_agreements(work: Work[Any], events: Sequence[AgreementChanged]) -> None:
    rows = [
        {
            "id": event.agreement_id,
            "version": event.version,
            "location_id": event.location_id,
            "agreement": event.agreement,
            "ends_on": event.agreement.ends_on,
            "ended": event.ended,
        }
        for event in events
    ]
    await upsert_newer(work.session, agreement_record, rows, newer="version")


async def keep_technicians(work: Work[Any], events: Sequence[TechnicianChanged]) -> None:
    rows = [
        {
            "id": event.technician_id,
            "version": event.version,
            "name": event.name,
            "is_default": event.is_default,
            "retired": event.retired,
        }
        for event in events
    ]
    await upsert_newer(work.session, technician_record, rows, newer="version")


async def keep_invoices(work: Work[Any], events: Sequence[InvoiceIssued | InvoiceChanged]) -> None:
    columns = ("customer_id", "location_id", "dispatch_id", "state", "bill_to_partner", "payable")
    amounts = ("issued_on", "currency", "total", "balance")
    rows = [
        {
            "id": event.invoice_id,
            "version": event.version,
            **{name: getattr(event.invoice, name) for name in (*columns, *amounts)},
            "collectable": event.invoice.collectable,
            "invoice": event.invoice,
        }
        for event in events
    ]
    await upsert_newer(work.session, invoice_record, rows, newer="version")


async def keep_payments(work: Work[Any], events: Sequence[PaymentSettled]) -> None:
    names = ("invoice_id", "customer_id", "amount", "currency", "method", "brand", "last4", "at")
    rows = [
        {"id": event.payment_id, "payment_id": None, **{name: getattr(event, name) for name in names}}
        for event in events
    ]
    await insert_rows(work.session, payment_record, rows, ignore=["id"])
    await _keep_parts(work, [(event.payment_id, event) for event in events])


async def keep_refunds(work: Work[Any], events: Sequence[PaymentRefunded]) -> None:
    names = ("payment_id", "invoice_id", "customer_id", "amount", "currency", "at")
    rows = [{"id": event.refund_id, **{name: getattr(event, name) for name in names}} for event in events]
    await insert_rows(work.session, payment_record, rows, ignore=["id"])
    await _keep_parts(work, [(event.refund_id, event) for event in events])


async def _keep_parts(work: Work[Any], said: Sequence[tuple[UUID, PaymentSettled | PaymentRefunded]]) -> None:
    rows = [
        {"payment_record_id": id, "invoice_id": part.invoice_id, "amount": part.amount}
        for id, event in said
        for part in paid_by(event)
    ]
    if rows:
        await insert_rows(work.session, payment_part, rows, ignore=["payment_record_id", "invoice_id"])


async def keep_cards(work: Work[Any], events: Sequence[SavedCardChanged]) -> None:
    names = ("version", "customer_id", "brand", "last4", "expires", "removed")
    rows = [{"id": event.card_id, **{name: getattr(event, name) for name in names}} for event in events]
    await upsert_newer(work.session, card_record, rows, newer="version")
