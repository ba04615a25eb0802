"""What the bookkeeper gets."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from payments.schemas.base import Body, Out, Remark


class DifferenceOut(Out):
    """`missing_here`: the gateway has it and our books do not; `missing_there` the other way round."""

    id: UUID
    version: int
    account_id: UUID
    day: date
    kind: str
    reference: str
    attempt_id: UUID | None
    ours: int | None
    theirs: int | None
    currency: str | None
    found_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    note: str | None


class Explained(Body):
    note: Remark = Field(min_length=1, description="Why it is none.", examples=["Booked by hand."])


class GatewayCallOut(Out):
    """A call of a gateway. `tries` of applying it; `reason` is why it is kept, unmatched or failed."""

    id: UUID
    account_id: UUID
    external_id: str
    kind: str
    state: str
    attempt_id: UUID | None
    charge_ref: str | None
    reason: str | None
    tries: int
    due_at: datetime | None
    received_at: datetime
