"""What routes are given."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from shared.auth import OFFICE, STAFF, Principal, allow, unauthorised
from shared.db import Row
from shared.service import Running
from shared.transaction import open_read, open_work
from shared.work import Work
from sqlalchemy.ext.asyncio import AsyncConnection

from portal_api.queries.household import household_of

CUSTOMERS = ("customer.admin", "customer")

Writing = Annotated[Work[Any], Depends(open_work)]
Reading = Annotated[AsyncConnection, Depends(open_read)]
Office = Annotated[Principal, Depends(allow(*OFFICE))]
Staff = Annotated[Principal, Depends(allow(*STAFF))]


def here_of(request: Request) -> Running[Any]:
    return request.scope["callboard.running"]


async def _here(request: Request) -> Running[Any]:
    return here_of(request)


Here = Annotated[Running[Any], Depends(_here)]
"""For routes whose answer holds a secret, or that work outside of a transaction: they open their own, and no
answer is kept under an Idempotency-Key."""
Customer = Annotated[Principal, Depends(allow(*CUSTOMERS, clients=False))]


@dataclass(frozen=True, slots=True)
class Household:
    """A customer's account, read for this request. What it sees is bound to its location."""

    account_id: UUID
    customer_id: UUID
    location_id: UUID
    administrator: bool


def _household(*roles: str) -> Any:
    allowed = allow(*roles, clients=False)

    async def household(request: Request) -> Household:
        principal: Principal = await allowed(request)
        async with here_of(request).database.read() as read:
            row = admitted(principal, await household_of(read, principal.subject))
        return Household(row.id, row.customer_id, row.location_id, row.role == "customer.admin")

    household.roles, household.clients = roles, False  # pyright: ignore[reportFunctionMemberAccess]
    return household


def admitted(principal: Principal, row: Row | None) -> Row:
    """What queries.household knows of the caller. Raises 401 once the account is closed or its role has
    changed."""
    if row is None or row.role not in principal.roles:
        raise unauthorised("This account was closed or changed: sign in again")
    return row


household = _household(*CUSTOMERS)
"""A dependency: the caller's household. 401 once the account is closed or its role has changed."""
administrators = _household("customer.admin")
"""The same for administrators alone; 403 for the others."""
OfHousehold = Annotated[Household, Depends(household)]
OfAdministrator = Annotated[Household, Depends(administrators)]
