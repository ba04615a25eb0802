"""What belongs to a location: equipment and agreements."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from shared.bodies import Body

from customer.schemas.parts import UNSET, Name, RecordOut, Remark, Text


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


class EquipmentOut(RecordOut):
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


class AgreementOut(RecordOut):
    location_id: UUID
    name: str
    partner: str | None
    contract_id: str | None
    plan_code: str | None
    starts_on: date | None
    ends_on: date | None
    visits_per_year: int | None
    note: str | None
