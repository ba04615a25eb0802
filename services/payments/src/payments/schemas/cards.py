"""Saved cards."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from payments.schemas.base import Body, Name, Out


class CardKeep(Body):
    consent: Name | None = Field(
        None, description="How the card's owner agreed, such as: by telephone on March 3, to pay repairs."
    )
    expires: Annotated[str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")] | None = Field(
        None, description="Such as 2027-04, where the gateway does not say."
    )


class CardOut(Out):
    id: UUID
    debtor_id: UUID
    account_id: UUID
    brand: str | None
    last4: str | None
    expires: str | None
    consent: str | None
    saved_by: str
    created_at: datetime
