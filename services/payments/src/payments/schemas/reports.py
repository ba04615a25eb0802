"""What the bookkeeper gets."""

from datetime import date, datetime
from uuid import UUID

from payments.schemas.base import Out


class DifferenceOut(Out):
    """`missing_here`: the gateway has it and our books do not; `missing_there` the other way round."""

    id: UUID
    account_id: UUID
    day: date
    kind: str
    reference: str
    attempt_id: UUID | None
    ours: int | None
    theirs: int | None
    found_at: datetime
