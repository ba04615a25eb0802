"""Invoices, payments by the office, statements. Amounts are integers in minor units of the currency."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from payments.invoice import LineKind, Standing
from payments.schemas.base import Amount, AmountOrNone, Body, Name, Out, Quantity, Rate, Remark, Text


class LineBody(Body):
    kind: LineKind = "other"
    description: Name
    quantity: Quantity = Field(1, validate_default=True)  # pyright: ignore[reportAssignmentType]
    unit_price: AmountOrNone
    discount: AmountOrNone = Field(0, description="Taken off this line.")
    taxable: bool = True


Lines = Annotated[list[LineBody], Field(max_length=200)]
Terms = Annotated[int, Field(ge=0, le=365, description="Days until it is due.")]


class InvoiceNew(Body):
    customer_id: UUID
    location_id: UUID | None = None
    dispatch_id: UUID | None = None
    bill_to_partner: bool = Field(False, description="The dispatch's partner pays.")
    lines: Lines = Field([])
    discount: AmountOrNone = Field(0, description="Taken off the whole, before tax.")
    deposit: AmountOrNone = Field(0, description="Asked for before the work.")
    tax_rate: Rate | None = Field(None, description="Percent; without one that of the settings.")
    terms_days: Terms | None = None
    note: Remark | None = None


class InvoiceFromDispatch(Body):
    dispatch_id: UUID
    bill_to_partner: bool = False
    lines: Lines = Field([], description="Parts and labour; the open service fee comes by itself.")
    note: Remark | None = None


class InvoiceEdit(Body):
    """A draft's fields; those that are left out stay."""

    lines: Lines = Field([])
    discount: AmountOrNone = 0
    deposit: AmountOrNone = 0
    tax_rate: Rate = "0"
    terms_days: Terms = 0
    bill_to_partner: bool = False
    note: Remark | None = None


class Reason(Body):
    reason: Name


class CreditNew(Body):
    reason: Name
    amount: Amount | None = Field(
        None,
        description="Tax included. Without one: what is still to be paid; of a paid invoice, all of it.",
    )


class CreditUse(Body):
    amount: Amount | None = Field(None, description="As much as the invoice needs, without one.")


class LineOut(Out):
    kind: LineKind
    description: str
    quantity: str
    unit_price: int
    discount: int
    taxable: bool
    amount: int


class InvoiceOut(Out):
    """`paid`, `refunded`, `credited` and `balance` are worked out from the books. Credit notes have a `kind`
    of their own and name what they credit."""

    id: UUID
    version: int
    kind: Literal["invoice", "credit_note"]
    number: str | None
    state: Standing
    customer_id: UUID
    location_id: UUID | None
    dispatch_id: UUID | None
    bill_to_partner: bool
    debtor_id: UUID
    credits_id: UUID | None
    currency: str
    issued_on: date | None
    due_on: date | None
    voided_on: date | None
    terms_days: int
    discount: int
    tax_rate: str
    subtotal: int
    tax: int
    total: int
    deposit: int
    paid: int
    refunded: int
    credited: int
    balance: int
    payable: bool
    not_payable_because: str | None
    note: str | None
    reason: str | None
    made_by: str
    created_at: datetime
    updated_at: datetime
    lines: list[LineOut]


class Share(Body):
    invoice_id: UUID
    amount: Amount


class PaymentNew(Body):
    """Money that the office took. What no invoice gets is the customer's credit; with `dispatch_id` it is a
    deposit, which that dispatch's invoice takes when it is issued."""

    customer_id: UUID
    method: Literal["cash", "cheque", "bank"]
    amount: Amount
    invoices: list[Share] = Field([], max_length=200)
    dispatch_id: UUID | None = None
    reference: Text | None = Field(None, description="Such as the cheque's number.")
    note: Remark | None = None


class RefundNew(Body):
    """Money that the office gave back by hand. What a gateway took goes back through the gateway."""

    amount: Amount
    reason: Name


class PaymentOut(Out):
    id: UUID
    debtor_id: UUID
    method: Literal["card", "paypal", "cash", "cheque", "bank", "credit"]
    amount: int
    currency: str
    gateway: str | None = None
    brand: str | None = None
    last4: str | None = None
    reference: str | None = None
    dispatch_id: UUID | None = None
    note: str | None = None
    recorded_by: str
    at: datetime


class BalanceIn(Out):
    """In one currency: `owed` on issued invoices, and the `credit` that can be used for them."""

    currency: str
    owed: int
    credit: int


class BalanceOut(BalanceIn):
    """In the company's currency. What there is in other currencies stands in `others`."""

    customer_id: UUID
    others: list[BalanceIn]


class StatementLine(Out):
    on: date
    what: str
    reference: str | None
    amount: int
    balance: int


class Statement(Out):
    """In one currency, between `since` and `until`; `opening` and `closing` are what was owed then, less
    credit. `lines` are one page: invoice, void (an invoice taken back), payment, refund, reversal,
    credit_note."""

    customer_id: UUID
    currency: str
    since: date
    until: date
    opening: int
    closing: int
    lines: list[StatementLine]
    next: str | None


class Receivable(Out):
    """What one customer owes in one currency, by days after it was due."""

    customer_id: UUID
    name: str | None
    currency: str
    total: int
    ages: dict[str, int]
