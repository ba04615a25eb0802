"""Events in: one function an event, a batch at a time. Records are kept first: what follows sees them."""

from collections.abc import Sequence
from typing import Any

from shared.events.customer import (
    AgreementChanged,
    CustomerChanged,
    CustomerMatched,
    EquipmentChanged,
    LocationChanged,
)
from shared.events.dispatch import (
    DispatchCreated,
    DispatchResolved,
    DispatchScheduled,
    DispatchUpdated,
    PartnerUpdateSettled,
    StatusChanged,
)
from shared.events.money import (
    InvoiceChanged,
    InvoiceIssued,
    PaymentRefunded,
    PaymentSettled,
    SavedCardChanged,
)
from shared.events.portal import CustomerChangeAnswered, RequestChangeAnswered
from shared.events.status_code import StatusCodeChanged
from shared.events.technician import TechnicianChanged
from shared.service import Handlers
from shared.work import Work

from portal_api.flows import changes, dispatches, notices, records, reminders
from portal_api.flows.news import tell

handlers = Handlers()


@handlers.on(CustomerChanged)
async def customer_changed(work: Work[Any], events: Sequence[CustomerChanged]) -> None:
    await records.keep_customers(work, events)
    await tell(work, events)


@handlers.on(LocationChanged)
async def location_changed(work: Work[Any], events: Sequence[LocationChanged]) -> None:
    await records.keep_locations(work, events)
    await tell(work, events)


@handlers.on(EquipmentChanged)
async def equipment_changed(work: Work[Any], events: Sequence[EquipmentChanged]) -> None:
    await records.keep_equipment(work, events)


@handlers.on(AgreementChanged)
async def agreement_changed(work: Work[Any], events: Sequence[AgreementChanged]) -> None:
    await records.keep_agreements(work, events)


@handlers.on(CustomerMatched)
async def customer_matched(work: Work[Any], events: Sequence[CustomerMatched]) -> None:
    await dispatches.keep_matches(work, events)
    await tell(work, events)


@handlers.on(DispatchResolved)
async def dispatch_resolved(work: Work[Any], events: Sequence[DispatchResolved]) -> None:
    """Nothing of it is kept."""
    await tell(work, events)


@handlers.on(DispatchCreated)
async def dispatch_created(work: Work[Any], events: Sequence[DispatchCreated]) -> None:
    await dispatches.keep_dispatches(work, events)
    await tell(work, events)


@handlers.on(DispatchUpdated)
async def dispatch_updated(work: Work[Any], events: Sequence[DispatchUpdated]) -> None:
    await dispatches.keep_dispatches(work, events)
    await tell(work, events)


@handlers.on(DispatchScheduled)
async def dispatch_scheduled(work: Work[Any], events: Sequence[DispatchScheduled]) -> None:
    await dispatches.keep_appointments(work, events)
    await reminders.note_appointments(work, events)
    await tell(work, events)


@handlers.on(StatusChanged)
async def status_changed(work: Work[Any], events: Sequence[StatusChanged]) -> None:
    await dispatches.keep_statuses(work, events)
    await notices.note_statuses(work, events)
    await tell(work, events)


@handlers.on(StatusCodeChanged)
async def status_code_changed(work: Work[Any], events: Sequence[StatusCodeChanged]) -> None:
    await notices.keep_codes(work, events)


@handlers.on(PartnerUpdateSettled)
async def partner_update_settled(work: Work[Any], events: Sequence[PartnerUpdateSettled]) -> None:
    """Nothing of it is kept."""
    await tell(work, events)


@handlers.on(TechnicianChanged)
async def technician_changed(work: Work[Any], events: Sequence[TechnicianChanged]) -> None:
    await records.keep_technicians(work, events)


@handlers.on(InvoiceIssued)
async def invoice_issued(work: Work[Any], events: Sequence[InvoiceIssued]) -> None:
    await records.keep_invoices(work, events)
    await tell(work, events)


@handlers.on(InvoiceChanged)
async def invoice_changed(work: Work[Any], events: Sequence[InvoiceChanged]) -> None:
    await records.keep_invoices(work, events)
    await tell(work, events)


@handlers.on(PaymentSettled)
async def payment_settled(work: Work[Any], events: Sequence[PaymentSettled]) -> None:
    await records.keep_payments(work, events)
    await notices.send_receipts(work, events)
    await tell(work, events)


@handlers.on(PaymentRefunded)
async def payment_refunded(work: Work[Any], events: Sequence[PaymentRefunded]) -> None:
    await records.keep_refunds(work, events)
    await tell(work, events)


@handlers.on(SavedCardChanged)
async def saved_card_changed(work: Work[Any], events: Sequence[SavedCardChanged]) -> None:
    await records.keep_cards(work, events)


@handlers.on(RequestChangeAnswered)
async def service_change_answered(work: Work[Any], events: Sequence[RequestChangeAnswered]) -> None:
    await changes.settle_visits(work, events)


@handlers.on(CustomerChangeAnswered)
async def customer_change_answered(work: Work[Any], events: Sequence[CustomerChangeAnswered]) -> None:
    await changes.settle_edits(work, events)
