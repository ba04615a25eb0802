"""Payments by the office, what they paid, statements. Amounts are integers in minor units of the currency."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from payments.schemas.base import Amount, Body, Name, Out, Remark, Text


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
    repeated: bool = Field(
        False, description="Book it although a payment with this method and reference is booked already."
    )
    note: Remark | None = None


class RefundNew(Body):
    """Money that the office gave back by hand. What a gateway took goes back through the gateway."""

    amount: Amount
    reason: Name


class PaidInvoice(Out):
    invoice_id: UUID
    number: str | None
    amount: int


class PaymentOut(Out):
    """`invoices` say where its money is now, `credit` what of it is the customer's credit; together with what
    was `refunded` (also by a void or a chargeback) they are its amount. `left` is not refunded. `attempt_id`
    is the card payment that it came of. `test_money`: the sandbox took it, and no money moved."""

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
    attempt_id: UUID | None = None
    invoices: list[PaidInvoice] = Field([])
    credit: int = 0
    refunded: int = 0
    left: int = 0
    test_money: bool = False


class RefundOut(Out):
    """Money that went back: by hand, through the gateway, or taken back by the payer's bank (`reversal`). It
    is negative where such money came again."""

    id: UUID
    payment_id: UUID
    kind: Literal["refund", "reversal"]
    amount: int
    currency: str
    reason: str | None
    who: str
    at: datetime
    invoices: list[PaidInvoice]


class EntryOut(Out):
    """One entry of the books: `amount` settles the invoice, or without one is the customer's credit."""

    id: UUID
    at: datetime
    kind: Literal["payment", "applied", "refund", "reversal", "credit_note"]
    debtor_id: UUID
    invoice_id: UUID | None
    payment_id: UUID | None
    credit_note_id: UUID | None
    operation_id: UUID | None
    refund_id: UUID | None
    amount: int
    currency: str
    reason: str | None
    who: str


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
