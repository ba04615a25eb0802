"""The events that carry a whole record, made of its row."""

from collections.abc import Mapping
from typing import Any

from shared.events.customer import (
    Agreement,
    AgreementChanged,
    CustomerChanged,
    Equipment,
    EquipmentChanged,
    LocationChanged,
)
from shared.work import Work

Row = Mapping[str, Any]


def tell_customer(work: Work[Any], row: Row) -> None:
    event = CustomerChanged(
        customer_id=row["id"],
        version=row["version"],
        number=row["number"],
        name=row["name"],
        kind=row["kind"],
        email=row["email"],
        phones=row["phones"],
        merged_into=row["merged_into"],
        closed=row["closed"],
    )
    work.emit(event, row["id"])


def tell_location(work: Work[Any], row: Row) -> None:
    event = LocationChanged(
        location_id=row["id"],
        customer_id=row["customer_id"],
        version=row["version"],
        address=row["address"],
        zone=row["zone"],
        closed=row["closed"],
    )
    work.emit(event, row["id"])


def tell_equipment(work: Work[Any], row: Row) -> None:
    event = EquipmentChanged(
        equipment_id=row["id"],
        location_id=row["location_id"],
        version=row["version"],
        equipment=Equipment.model_validate(row),
        removed=row["closed"],
    )
    work.emit(event, row["id"])


def tell_agreement(work: Work[Any], row: Row) -> None:
    event = AgreementChanged(
        agreement_id=row["id"],
        location_id=row["location_id"],
        version=row["version"],
        agreement=Agreement.model_validate(row),
        ended=row["closed"],
    )
    work.emit(event, row["id"])
