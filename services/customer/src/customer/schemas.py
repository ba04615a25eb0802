"""What crosses HTTP. `…New` makes a record, `…Edit` changes what it names, `…Out` is shown."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_CLEAN = r"^[^\x00]*$"  # PostgreSQL stores no zero byte
Text = Annotated[str, Field(max_length=300, pattern=_CLEAN)]
Name = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Remark = Annotated[str, Field(max_length=10_000, pattern=_CLEAN)]
Email = Annotated[str, Field(max_length=320, pattern=r"^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+$")]
CustomerKind = Literal["person", "company", "partner"]
UNSET: Any = None
"""Default of what an edit may leave out but not empty; edits are read without what they leave out."""


def _known_zone(zone: str) -> str:
    if zone not in available_timezones():
        raise ValueError("no IANA time zone, such as America/Chicago")
    return zone


Zone = Annotated[str, Field(max_length=50), AfterValidator(_known_zone)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    model_config = ConfigDict(extra="ignore", from_attributes=True)

    id: UUID
    version: int
    closed: bool
    created_at: datetime
    updated_at: datetime


class PhoneBody(Body):
    """A number of any shape; a valid one is kept in E.164, any other as given."""

    type: Annotated[str, Field(max_length=20, pattern=_CLEAN)] | None = None
    number: Annotated[str, Field(min_length=1, max_length=60, pattern=_CLEAN)]


class AddressBody(Body):
    street: Text | None = Field(None, description="Number, direction and name.")
    unit: Text | None = Field(None, description="Type and number.")
    city: Text | None = None
    state: Text | None = None
    zip: Annotated[str, Field(max_length=20, pattern=_CLEAN)] | None = None
    zip4: Annotated[str, Field(max_length=20, pattern=_CLEAN)] | None = None


Phones = Annotated[list[PhoneBody], Field(max_length=50)]


class Reachable(Body):
    email: Email | None = None
    phones: Phones = []
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


class CustomerNew(Reachable):
    """Without `kind` the name tells whether it is a person or a company. `location` is the first one."""

    name: Name
    kind: CustomerKind | None = None
    location: LocationPart | None = None


class CustomerEdit(Reachable):
    name: Name = UNSET
    kind: CustomerKind = UNSET
    closed: Literal[False] = Field(False, description="Opens a closed customer again.")


class CustomerOut(Out):
    number: int
    kind: CustomerKind
    name: str
    email: str | None
    phones: list[PhoneBody]
    note: str | None
    merged_into: UUID | None


class LocationNew(LocationPart):
    customer_id: UUID


class LocationEdit(LocationPart):
    closed: Literal[False] = Field(False, description="Opens a closed location again.")


class LocationOut(Out):
    customer_id: UUID
    address: AddressBody
    given: str | None = Field(description="The address as it was typed, where it was one line.")
    zone: str
    note: str | None
    replaced_by: UUID | None


class ContactNew(Reachable):
    """`location_id` None: a contact for all of the customer's locations."""

    customer_id: UUID
    location_id: UUID | None = None
    name: Name
    role: Text | None = None


class ContactEdit(Reachable):
    location_id: UUID | None = None
    name: Name = UNSET
    role: Text | None = None
    closed: Literal[False] = False


class ContactOut(Out):
    customer_id: UUID
    location_id: UUID | None
    name: str
    role: str | None
    email: str | None
    phones: list[PhoneBody]
    note: str | None


class EquipmentPart(Body):
    brand: Text | None = None
    model: Text | None = None
    serial: Text | None = None
    place: Text | None = Field(None, description="Where it stands.")
    installed_on: date | None = None
    warranty_until: date | None = None
    note: Remark | None = None


class EquipmentNew(EquipmentPart):
    location_id: UUID
    description: Name


class EquipmentEdit(EquipmentPart):
    description: Name = UNSET
    closed: Literal[False] = False


class EquipmentOut(Out):
    location_id: UUID
    description: str
    brand: str | None
    model: str | None
    serial: str | None
    place: str | None
    installed_on: date | None
    warranty_until: date | None
    note: str | None


class AgreementPart(Body):
    partner: Text | None = None
    contract_id: Text | None = Field(None, description="The partner's contract number; needs `partner`.")
    plan_code: Text | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    visits_per_year: Annotated[int, Field(ge=0, le=366)] | None = None
    note: Remark | None = None


class AgreementNew(AgreementPart):
    location_id: UUID
    name: Name


class AgreementEdit(AgreementPart):
    name: Name = UNSET
    closed: Literal[False] = False


class AgreementOut(Out):
    location_id: UUID
    name: str
    partner: str | None
    contract_id: str | None
    plan_code: str | None
    starts_on: date | None
    ends_on: date | None
    visits_per_year: int | None
    note: str | None


class Candidate(BaseModel):
    """Somebody who may be meant, best first, with the reasons for the score."""

    customer_id: UUID
    location_id: UUID
    number: int
    name: str
    address: AddressBody
    score: int
    reasons: list[str]


class MatchOut(BaseModel):
    """Whose dispatch it is. With `review` the ids are those of the best candidate; a person must decide."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)

    dispatch_id: UUID
    dispatch_version: int
    version: int
    state: Literal["automatic", "review", "new", "confirmed"]
    score: int
    reasons: list[str]
    customer_id: UUID | None
    location_id: UUID | None
    bill_to_id: UUID | None
    decided_by: str | None
    created_at: datetime
    updated_at: datetime


class MatchDetail(MatchOut):
    """`said` is what the dispatch says of people and place; `candidates` are those of this moment."""

    said: dict[str, Any]
    candidates: list[Candidate]


class Decision(Body):
    """Exactly one: the location it is; the customer whose new location it is; or a new customer."""

    location_id: UUID | None = None
    customer_id: UUID | None = None
    new_customer: Literal[True] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(value is not None for value in (self.location_id, self.customer_id, self.new_customer)) != 1:
            raise ValueError("send exactly one of location_id, customer_id and new_customer")
        return self


class MergeNew(Body):
    from_id: Annotated[UUID, Field(description="The customer that ends.")]
    into_id: Annotated[UUID, Field(description="The customer that stays.")]


class Moved(BaseModel):
    record: str
    id: UUID
    field: str
    was: Any
    now: Any


class MergeOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    from_id: UUID
    into_id: UUID
    merged_by: str
    merged_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    moved: list[Moved]
