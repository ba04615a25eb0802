"""What happened to an attempt: its operations, its disputes, and all that was heard of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from payments.gateways.found import Stage
from payments.schemas.base import Out


class OperationOut(Out):
    id: UUID
    kind: str
    state: str
    amount: int
    gateway_ref: str | None
    code: str | None
    message: str | None
    reason: str | None
    created_at: datetime
    updated_at: datetime


class DisputeOut(Out):
    """`reference` is the gateway's. `amount` is disputed, `withdrawn` out of our hands now; `fee`, what the
    gateway charged for it, is in neither. `state` is the last that was told."""

    reference: str
    state: Stage
    amount: int | None
    withdrawn: int
    fee: int | None
    currency: str
    reason: str | None
    opened_at: datetime
    updated_at: datetime


class EventOut(Out):
    at: datetime
    source: str
    what: str
    amount: int | None
    who: str
    details: dict[str, Any]
