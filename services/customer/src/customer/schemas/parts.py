"""What several records are made of."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator
from shared.bodies import Body, Out

CLEAN = r"^[^\x00]*$"  # PostgreSQL stores no zero byte
Text = Annotated[str, Field(max_length=300, pattern=CLEAN)]
Name = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Remark = Annotated[str, Field(max_length=10_000, pattern=CLEAN)]
Email = Annotated[str, Field(max_length=320, pattern=r"^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+$")]
CustomerKind = Literal["person", "company", "partner"]
UNSET: Any = None
"""Default of what an edit may leave out but not empty; edits are read without what they leave out."""


def _known_zone(zone: str) -> str:
    try:
        return ZoneInfo(zone).key
    except (KeyError, ValueError, OSError):
        raise ValueError("no IANA time zone, such as America/Chicago") from None


Zone = Annotated[str, Field(max_length=50), AfterValidator(_known_zone)]


class RecordOut(Out):
    id: UUID
    version: int
    closed: bool
    created_at: datetime
    updated_at: datetime


class PhoneBody(Body):
    """A number of any shape; a valid one is kept in E.164, any other as given."""

    type: Annotated[str, Field(max_length=20, pattern=CLEAN)] | None = None
    number: Annotated[str, Field(min_length=1, max_length=60, pattern=CLEAN)]


class AddressBody(Body):
    street: Text | None = Field(None, description="Number, direction and name.")
    unit: Text | None = Field(None, description="Type and number.")
    city: Text | None = None
    state: Text | None = None
    zip: Annotated[str, Field(max_length=20, pattern=CLEAN)] | None = None
    zip4: Annotated[str, Field(max_length=20, pattern=CLEAN)] | None = None


Phones = Annotated[list[PhoneBody], Field(max_length=50)]


class Reachable(Body):
    email: Email | None = None
    phones: Phones = Field(default_factory=list[PhoneBody])
    note: Remark | None = None


class LocationPart(Body):
    """The address in pieces, or in one line that is taken apart. Without a zone the address tells it."""

    address: AddressBody | None = None
    address_text: Text | None = Field(None, examples=["12 N Sample St Apt 3, Anytown, TX 75001"])
    zone: Zone | None = None
    note: Remark | None = None

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if self.address is not None and self.address_text is not None:
            raise ValueError("send either address or address_text")
        return self
