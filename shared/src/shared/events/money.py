"""Invoices and payments. Amounts are integers in minor units of `currency`. No card data at all."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.events.base import Event, Record


class InvoiceLine(Record):
    """`quantity` is a decimal as text; `amount` is quantity times unit price less discount, before tax.
    `exact_price` is the unit price as a decimal where it is finer than the minor unit. A line that is not
    `collectable` must not be paid: the partner says so."""

    kind: Literal["service_fee", "part", "labour", "other"] = "other"
    description: str
    quantity: str = "1"
    unit_price: int
    exact_price: str | None = None
    amount: int
    collectable: bool = True


class Invoice(Record):
    """The whole current invoice. `balance` is what is still to be paid: `total` less `paid` and `credited`,
    plus `refunded`. `payable` is false where nothing may be collected (void, paid, bill-to a partner, nothing
    open but a service fee that must not be collected); `not_payable_because` says it in plain words.
    `collectable` is what of the balance may be charged (None from senders that did not know it: all of it),
    `withheld` the service fee in it that must not, `withheld_because` the partner's words. `test_money` is
    what of `paid` the simulated card service took: no money moved."""

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
    test_money: int = 0
    withheld: int = 0
    withheld_because: str | None = None
    collectable: int | None = None
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


class PaidPart(Record):
    """How much of a payment, or of a refund, is for one invoice."""

    invoice_id: UUID
    number: str | None = None
    amount: int


class PaymentSettled(Event, name="payment.settled.v1", heard_by=("portal-api",)):
    """Money came in. `brand` and `last4` name a card; a payment by the office has a `method`. `invoices` are
    those it paid; what is for none of them is the customer's credit. `invoice_id` is set where all of it is
    for one. `test_money`: the simulated card service took it, and no money moved."""

    payment_id: UUID
    invoice_id: UUID | None = None
    invoices: tuple[PaidPart, ...] = ()
    customer_id: UUID
    amount: int
    currency: str = "USD"
    method: Literal["card", "paypal", "cash", "cheque", "bank", "credit"]
    gateway: str | None = None
    brand: str | None = None
    last4: str | None = None
    reference: str | None = None
    at: datetime
    test_money: bool = False


class PaymentRefunded(Event, name="payment.refunded.v1", heard_by=("portal-api",)):
    """Money went back. `invoices` are those from which it was taken, which are owed again by so much; the
    rest was credit."""

    refund_id: UUID
    payment_id: UUID
    invoice_id: UUID | None = None
    invoices: tuple[PaidPart, ...] = ()
    customer_id: UUID
    amount: int
    currency: str = "USD"
    at: datetime
    test_money: bool = False


def paid_by(event: PaymentSettled | PaymentRefunded) -> tuple[PaidPart, ...]:
    """The invoices that it concerns, also where its sender named only one."""
    if event.invoices or event.invoice_id is None:
        return event.invoices
    return (PaidPart(invoice_id=event.invoice_id, amount=event.amount),)


class SavedCardChanged(Event, name="saved_card.changed.v1", heard_by=("portal-api",)):
    """A card that the gateway keeps for a customer: saved, or removed. `expires` is such as 2027-04."""

    card_id: UUID
    version: int
    customer_id: UUID
    brand: str | None = None
    last4: str | None = None
    expires: str | None = None
    removed: bool = False


class CardRemovalAsked(Event, name="saved_card.removal_asked.v1", heard_by=("payments",)):
    """A customer wants a saved card of his removed. `asked_by` is the account."""

    card_id: UUID
    customer_id: UUID
    asked_by: UUID
    at: datetime
