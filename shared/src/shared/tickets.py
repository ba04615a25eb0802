"""Checkout tickets: what portal-api lets a customer pay, for payments to read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CheckoutTicket:
    """What a customer may pay: these invoices, together at most `cap` minor units. `parts` is how much of an
    invoice he chose to pay, where that is not all of it. `id` is used once."""

    id: str
    account_id: UUID
    customer_id: UUID
    location_id: UUID
    invoices: tuple[UUID, ...]
    parts: Mapping[UUID, int]
    cap: int
    currency: str
    expires: datetime

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError for claims that are no ticket's."""
        return cls(
            id=str(claims["jti"]),
            account_id=UUID(claims["sub"]),
            customer_id=UUID(claims["customer"]),
            location_id=UUID(claims["location"]),
            invoices=tuple(UUID(each) for each in claims["invoices"]),
            parts={UUID(id): int(part) for id, part in claims.get("parts", {}).items()},
            cap=int(claims["cap"]),
            currency=str(claims["currency"]),
            expires=datetime.fromtimestamp(claims["exp"], UTC),
        )
