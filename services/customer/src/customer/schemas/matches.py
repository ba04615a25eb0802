"""Whose dispatch it is, and customers who are one."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from shared.bodies import Body, Out

from customer.schemas.parts import AddressBody


class Candidate(Out):
    """Somebody who may be meant, best first, with the reasons for the score."""

    customer_id: UUID
    location_id: UUID
    number: int
    name: str
    address: AddressBody
    score: int
    reasons: list[str]


class MatchOut(Out):
    """Whose dispatch it is. With `review` the ids are those of the best candidate; a person must decide."""

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

    model_config = ConfigDict(json_schema_extra={"examples": [{"new_customer": True}]})

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


class Moved(Out):
    record: str
    id: UUID
    field: str
    was: Any
    now: Any


class MergeOut(Out):
    id: UUID
    version: int
    from_id: UUID
    into_id: UUID
    merged_by: str
    merged_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    moved: list[Moved]
