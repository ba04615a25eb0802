"""Customers, their locations and contacts."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from customer.schemas.parts import (
    UNSET,
    AddressBody,
    CustomerKind,
    LocationPart,
    Name,
    PhoneBody,
    Reachable,
    RecordOut,
    Text,
)


class CustomerNew(Reachable):
    """Without `kind` the name tells whether it is a person or a company. `location` is the first one."""

    name: Name
    kind: CustomerKind | None = None
    location: LocationPart | None = None


class CustomerEdit(Reachable):
    name: Name = UNSET
    kind: CustomerKind = UNSET
    closed: Literal[False] = Field(False, description="Opens a closed customer again.")


class CustomerOut(RecordOut):
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


class LocationOut(RecordOut):
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


class ContactOut(RecordOut):
    customer_id: UUID
    location_id: UUID | None
    name: str
    role: str | None
    email: str | None
    phones: list[PhoneBody]
    note: str | None
