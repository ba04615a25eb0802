"""Invoices and payments. Amounts are integers in minor units of `currency`. No card data at all."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.events.base import Event, Record


class InvoiceLine(Record):
    """`quantity` is a decimal as text; `amount` is quantity times unit price less discount, before tax."""

    kind: Literal["service_fee", "part", "labour", "other"] = "other"
    description: str
    quantity: str = "1"
    unit_price: int
    amount: int


class Invoice(Record):
    """The whole current invoice. `balance` is what is still to be paid: `total` less `paid` and `credited`,
    plus `refunded`.
    `payable` is false where nothing may be collected (do not collect, void, paid, bill-to a partner);
    `not_payable_because` says it in plain words."""

    number: str
    customer_id: UUID
    location_id: UUID | None = None
    dispatch_id: UUID | None = None
    bill_to_partner: bool = False
    state: Literal["issued", "partly_paid", "paid", "void", "credited"]
    issued_on: date
    due_on: date
    currency: str = "USD"
    subtotal: int
    tax: int = 0
    total: int
    paid: int = 0
    refunded: int = 0
    credited: int = 0
    balance: int
    payable: bool = True
    not_payable_because: str | None = None
    lines: tuple[InvoiceLine, ...] = ()


class InvoiceIssued(Event, name="invoice.issued.v1", heard_by=("portal-api",)):
    invoice_id: UUID
    version: int
    invoice: Invoice


class InvoiceChanged(Event, name="invoice.changed.v1", heard_by=("portal-api",)):
    """Anything about an issued invoice changed, its balance too."""

    invoice_id: UUID
    version: int
    invoice: Invoice


class PaymentSettled(Event, name="payment.settled.v1", heard_by=("portal-api",)):
    """Money came in. `brand` and `last4` name a card; a payment by the office has a `method`."""

    payment_id: UUID
    invoice_id: UUID | None = None
    customer_id: UUID
    amount: int
    currency: str = "USD"
    method: Literal["card", "paypal", "cash", "cheque", "bank", "credit"]
    gateway: str | None = None
    brand: str | None = None
    last4: str | None = None
    reference: str | None = None
    at: datetime


class PaymentRefunded(Event, name="payment.refunded.v1", heard_by=("portal-api",)):
    refund_id: UUID
    payment_id: UUID
    invoice_id: UUID | None = None
    customer_id: UUID
    amount: int
    currency: str = "USD"
    at: datetime
