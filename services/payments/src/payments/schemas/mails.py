"""Invoices by e-mail."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import EmailStr, Field

from payments.schemas.base import Body, Out


class MailNew(Body):
    to: Annotated[EmailStr, Field(max_length=320)] | None = Field(
        None, description="The e-mail address of the one who owes it, without one."
    )


class MailOut(Out):
    """`waiting` is tried again by itself; `failed` was refused for good; `needless` is a reminder of what was
    paid in the meantime. `answer` is what the mail server said last."""

    id: UUID
    invoice_id: UUID
    kind: Literal["invoice", "reminder"]
    recipient: str
    state: Literal["waiting", "sent", "failed", "needless"]
    attempts: int
    answer: str | None
    asked_by: str
    created_at: datetime
    settled_at: datetime | None
