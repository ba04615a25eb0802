"""Decisions by a person, and what they would book."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from payments.gateways.found import Findings
from payments.schemas.base import Amount, Body, Out, Remark


class DecisionIn(Body):
    """What a person found out. `succeeded` needs amount and currency as the gateway's own list shows them,
    and its reference, unless that is known. `voided`: a hold that is gone, or that nobody will capture."""

    outcome: Literal["succeeded", "declined", "failed", "voided"]
    amount: Amount | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    gateway_ref: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    note: Remark = Field(min_length=1)


class FoundOut(Out):
    """One operation as the gateway has it."""

    kind: str
    outcome: str
    amount: int | None
    currency: str | None
    gateway_ref: str | None
    at: datetime | None


class EntryOut(Out):
    """Without `invoice_id` it is the customer's credit. Negative: money that goes back."""

    kind: str
    invoice_id: UUID | None
    amount: int
    currency: str


class DecisionPreview(Out):
    """`asked`: the gateway was asked just now and answered; `gateway` is what it has. `entries` would be
    booked."""

    state: str
    operation_state: str | None
    asked: bool
    gateway: list[FoundOut]
    entries: list[EntryOut]


def found_out(found: Findings | None) -> list[FoundOut]:
    return [
        FoundOut(
            kind=row.kind,
            outcome=row.result.outcome,
            amount=row.result.amount,
            currency=row.result.currency,
            gateway_ref=row.result.gateway_ref,
            at=row.at,
        )
        for row in (found.rows if found else ())
    ]
