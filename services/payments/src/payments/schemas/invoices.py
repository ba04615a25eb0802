"""Invoices and credit notes. Amounts are integers in minor units of the currency."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from payments.invoice import LineKind, Standing
from payments.schemas.base import (
    Amount,
    AmountOrNone,
    Body,
    Name,
    Out,
    Quantity,
    Rate,
    Remark,
    UnitPrice,
)


class LineBody(Body):
    kind: LineKind = "other"
    description: Name
    quantity: Quantity = Field(1, validate_default=True)  # pyright: ignore[reportAssignmentType]
    unit_price: UnitPrice
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
    kind: LineKind | None = Field(
        None,
        description="What it credits. Without one: `service_fee` where the amount is just that of a trade "
        "service fee which must not be collected, and `other` else.",
    )


class CreditUse(Body):
    amount: Amount | None = Field(None, description="As much as the invoice needs, without one.")


class LineOut(Out):
    """`unit_price` is in minor units, with a tenth where it has one. What is not `collectable` must not be
    paid: the partner says so."""

    kind: LineKind
    description: str
    quantity: str
    unit_price: int | float
    discount: int
    taxable: bool
    amount: int
    collectable: bool


class InvoiceOut(Out):
    """`paid`, `refunded`, `credited` and `balance` are worked out from the books. What was refunded is owed
    again: where it should not be, a credit note says so. `withheld` is the trade service fee in the balance
    that must not be collected, in the partner's words `withheld_because`; `collectable` is what may be
    charged now. `test_money` is what of it was paid by the sandbox: no money moved. Credit notes have a
    `kind` of their own and name what they credit."""

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
    test_money: int
    withheld: int
    withheld_because: str | None
    collectable: int
    payable: bool
    not_payable_because: str | None
    note: str | None
    reason: str | None
    made_by: str
    created_at: datetime
    updated_at: datetime
    lines: list[LineOut]
