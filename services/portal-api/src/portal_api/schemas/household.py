"""What a household sees of its record, what belongs to it, and what it owes."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, EmailStr, Field, model_validator
from shared.bodies import Body, Out
from shared.db import Row
from shared.events.customer import Agreement, Equipment
from shared.events.dispatch import Address, Phone
from shared.events.money import InvoiceLine

from portal_api.schemas.accounts import Email, Name
from portal_api.schemas.visits import Line, PhoneNumber


class RecordOut(Out):
    """The ETag goes into If-Match of an edit."""

    number: int
    name: str
    email: str | None
    phones: list[Phone]
    address: Address
    zone: str


class PhoneIn(Body):
    type: Annotated[str, Field(max_length=20, pattern=r"^[\w -]*$")] | None = None
    number: PhoneNumber


class AddressIn(Body):
    street: Line
    unit: Line | None = None
    city: Line
    state: Line
    zip: Annotated[str, Field(pattern=r"^[0-9]{5}$")]
    zip4: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = None


class RecordEdit(Body):
    """What is left out stays as it is."""

    name: Line | None = None
    email: EmailStr | None = None
    phones: Annotated[list[PhoneIn], Field(max_length=10)] | None = None
    address: AddressIn | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("send at least one of name, email, phones and address")
        return self


class RecordChangeOut(Out):
    """`state`: asked, applied or refused; `answer` says why it was refused."""

    id: UUID
    asked_at: datetime
    edit: dict[str, Any]
    state: Literal["asked", "applied", "refused"]
    answer: str | None


class EquipmentOut(Equipment):
    id: UUID


class AgreementOut(Agreement):
    """`expired`: ended by the office, or its last day has passed at the location."""

    id: UUID
    expired: bool
    days_left: int | None


class InvoiceOut(Out):
    """Amounts are minor units of `currency`. `collectable` is what can be paid now; `withheld` is the service
    fee in the balance that must not be paid, in the warranty company's words `withheld_because`. What was
    refunded is owed again, until a credit note takes it off."""

    id: UUID
    number: str
    dispatch_id: UUID | None
    state: Literal["issued", "partly_paid", "paid", "void", "credited"]
    issued_on: date
    due_on: date
    currency: str
    total: int
    paid: int
    refunded: int
    credited: int
    balance: int
    withheld: int
    withheld_because: str | None
    collectable: int
    payable: bool
    not_payable_because: str | None


class PaymentOut(Out):
    """A refund has `refund_of`, the payment that it gives back. `amount` is what of it was for this invoice,
    `whole` all of it."""

    id: UUID
    refund_of: UUID | None
    amount: int
    whole: int
    currency: str
    method: str | None
    brand: str | None
    last4: str | None
    at: datetime


class InvoiceWhole(InvoiceOut):
    subtotal: int
    tax: int
    lines: list[InvoiceLine]
    payments: list[PaymentOut]


class Part(Body):
    """`amount` in minor units; left out, all that is open."""

    id: UUID
    amount: Annotated[int, Field(ge=1, le=10**12)] | None = None


class CheckoutIn(Body):
    invoices: Annotated[list[Part], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({part.id for part in self.invoices}) < len(self.invoices):
            raise ValueError("name each invoice once")
        return self


class CheckoutOut(Out):
    """`ticket` is handed to payments, once, before `expires_at`. `cap` is the most that may be paid with
    it."""

    ticket: str
    cap: int
    currency: str
    expires_at: datetime


_ADDRESS = re.compile(
    r"://|(?i:www)\.|[/\\@<>]|[\w-]\.(?:[a-z]{2,}|COM|NET|ORG)\b"
)  # what mail programs link


def _no_address(name: str) -> str:
    if _ADDRESS.search(name):
        raise ValueError("write the person's name only: it goes into a mail")
    return name


class MemberNew(Body):
    email: Email
    name: Annotated[Name, Field(max_length=80), AfterValidator(_no_address)]
    administrator: bool = False


class MemberEdit(Body):
    administrator: bool


class MemberOut(Out):
    """`state`: invited (has not logged on yet) or active."""

    id: UUID
    name: str
    email: str | None
    administrator: bool
    state: Literal["invited", "active"]
    me: bool
    version: int
    last_logon_at: datetime | None


def invoice(row: Row) -> dict[str, Any]:
    """What an older event did not say is worked out: it knew no service fee that is withheld."""
    shown = {
        "refunded": 0,
        "credited": 0,
        "withheld": 0,
        "withheld_because": None,
        **row.invoice,
        "id": row.id,
    }
    if shown.get("collectable") is None:
        shown["collectable"] = row.balance if row.payable else 0
    return shown


def payment(row: Row) -> dict[str, Any]:
    return {**row._mapping, "refund_of": row.payment_id, "whole": row.amount, "amount": row.part}


def agreement(row: Row, today: date) -> dict[str, Any]:
    left = (row.ends_on - today).days if row.ends_on else None
    return {
        **row.agreement,
        "id": row.id,
        "expired": row.ended or (left is not None and left < 0),
        "days_left": max(left, 0) if left is not None else None,
    }


def member(row: Row, me: UUID) -> dict[str, Any]:
    state = "active" if row.state == "active" else "invited"
    administrator = row.role == "customer.admin"
    return {**row._mapping, "administrator": administrator, "state": state, "me": row.id == me}
