"""Accounts at gateways, attempts and what can be done with them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, SecretStr

from payments.ledger import State
from payments.policy import Policy
from payments.schemas.base import Amount, Body, Name, Out, Remark, Text
from payments.schemas.connections import Connection
from payments.schemas.steps import DisputeOut, EventOut, OperationOut

Fields = Annotated[dict[Annotated[str, Field(max_length=40)], SecretStr], Field(max_length=20)]
"""As the gateway's form names them (see GET /v1/gateways)."""


class GatewayNew(Body):
    gateway: Annotated[str, Field(max_length=30)]
    name: Name
    fields: Fields = Field({})
    avs_policy: Policy = "record"
    cvv_policy: Policy = "record"
    default_cards: bool = False
    default_portal: bool = False


class GatewayEdit(Body):
    """Fields that are left out stay as they are."""

    name: Name = ""
    fields: Fields = Field({})
    avs_policy: Policy = "record"
    cvv_policy: Policy = "record"
    default_cards: bool = False
    default_portal: bool = False
    closed: bool = False


class GatewayOut(Out):
    """`options` are the fields that are no secrets; `links` have an address by title."""

    id: UUID
    version: int
    gateway: str
    name: str
    options: dict[str, Any]
    avs_policy: Policy
    cvv_policy: Policy
    default_cards: bool
    default_portal: bool
    closed: bool
    tested_at: datetime | None
    test_result: str | None
    links: dict[str, str]
    connection: Connection | None


class GatewayKind(Out):
    """A gateway that can be set up: the fields of its form, as JSON Schema, and addresses by title, in which
    `{field}` stands for what the form has there."""

    name: str
    form: dict[str, Any]
    links: dict[str, str]


class Tested(Out):
    ok: bool
    said: str


class Part(Body):
    invoice_id: UUID
    amount: Amount | None = Field(None, description="All that is left of it, without one.")


Parts = Annotated[list[Part], Field(min_length=1, max_length=100)]


class CheckoutNew(Body):
    """From the portal: the ticket says whose invoices these are and how much may be paid."""

    ticket: SecretStr = Field(max_length=4000)
    invoices: list[Part] = Field([], max_length=100, description="All of the ticket's, without any.")
    amount: Amount | None = Field(None, description="A part: the oldest invoices are paid first.")


class CheckoutCancel(Body):
    ticket: SecretStr = Field(max_length=4000)


class CheckoutOut(Out):
    """Send the browser to `redirect_url`. `says` is a sentence for the payer."""

    id: UUID
    state: State
    says: str
    amount: int
    currency: str
    redirect_url: str | None


class AttemptNew(Body):
    """From the office. Without a saved card the gateway's page takes the card: open `redirect_url`."""

    invoices: Parts
    account_id: UUID | None = Field(None, description="The default for cards, without one.")
    kind: Literal["sale", "authorize"] = "sale"
    card_id: UUID | None = Field(None, description="A saved card.")
    token: SecretStr | None = Field(
        None, description="The one-time token of the gateway's script.", max_length=2000
    )


class OperationNew(Body):
    amount: Amount | None = Field(None, description="All, without one.")
    reason: Text | None = None


class AttemptOut(Out):
    """`code` and `message` are the gateway's own. `review` is why a person should look. What the `gateway`
    "sandbox" takes is test money."""

    id: UUID
    version: int
    short_ref: str
    debtor_id: UUID
    account_id: UUID
    gateway: str
    kind: str
    channel: str
    state: State
    amount: int
    currency: str
    caller: str
    redirect_url: str | None
    order_ref: str | None
    gateway_ref: str | None
    auth_code: str | None
    avs: str | None
    cvv: str | None
    last4: str | None
    brand: str | None
    code: str | None
    message: str | None
    review: str | None
    expires_at: datetime | None
    next_check_at: datetime | None
    created_at: datetime
    updated_at: datetime


class AttemptDetail(AttemptOut):
    """With its invoices, its operations, disputes and all that was heard of it, oldest first. `refunded` is
    all that went back; `disputed` is how much of it was withdrawn for disputes."""

    captured: int
    refunded: int
    reserved: int
    disputed: int
    invoices: dict[UUID, int]
    operations: list[OperationOut]
    disputes: list[DisputeOut]
    events: list[EventOut]


class AlertOut(Out):
    id: UUID
    version: int
    kind: str
    attempt_id: UUID | None
    text: str
    raised_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    note: str | None


class Settled(Body):
    note: Remark | None = None
