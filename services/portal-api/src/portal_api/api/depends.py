"""What routes are given."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from shared.auth import OFFICE, STAFF, Principal, allow, unauthorised
from shared.service import Running
from shared.transaction import open_read, open_work
from shared.work import Work
from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portal_api.models.accounts import account
from portal_api.models.records import location_record

CUSTOMERS = ("customer.admin", "customer")

Writing = Annotated[Work[Any], Depends(open_work)]
Reading = Annotated[AsyncConnection, Depends(open_read)]
Office = Annotated[Principal, Depends(allow(*OFFICE))]
Staff = Annotated[Principal, Depends(allow(*STAFF))]


async def running_of(request: Request) -> Running[Any]:
    """For routes whose answer holds a secret, or that work outside of a transaction: they open their own,
    and no answer is kept under an Idempotency-Key."""
    return request.scope["callboard.running"]


Here = Annotated[Running[Any], Depends(running_of)]


@dataclass(frozen=True, slots=True)
class Household:
    """A customer's account, read for this request. What it sees is bound to its location."""

    account_id: UUID
    customer_id: UUID
    location_id: UUID
    administrator: bool


# Made once: it is asked with every request of a customer. The customer is whose the location is now, since
# customers are merged and houses are sold.
_OF_ACCOUNT = (
    select(
        func.coalesce(location_record.c.customer_id, account.c.customer_id).label("customer_id"),
        account.c.location_id,
        account.c.role,
    )
    .outerjoin_from(account, location_record, location_record.c.id == account.c.location_id)
    .where(
        account.c.id == bindparam("account_id"),
        account.c.kind == "customer",
        account.c.state != "closed",
        ~account.c.must_change,
    )
)


def _household(*roles: str) -> Any:
    allowed = allow(*roles, clients=False)

    async def household(request: Request) -> Household:
        principal: Principal = await allowed(request)
        running: Running[Any] = request.scope["callboard.running"]
        async with running.database.read() as read:
            found = await read.execute(_OF_ACCOUNT, {"account_id": _uuid(principal.subject)})
        row = found.one_or_none()
        if row is None or row.role not in principal.roles:
            raise unauthorised("This account was closed or changed: sign in again")
        return Household(
            UUID(principal.subject), row.customer_id, row.location_id, row.role == "customer.admin"
        )

    household.roles, household.clients = roles, False  # pyright: ignore[reportFunctionMemberAccess]
    return household


def _uuid(subject: str) -> UUID:
    try:
        return UUID(subject)
    except ValueError:
        raise unauthorised("This account was closed or changed: sign in again") from None


household = _household(*CUSTOMERS)
"""A dependency: the caller's household. 401 once the account is closed or its role has changed."""
administrators = _household("customer.admin")
"""The same for administrators alone; 403 for the others."""
OfHousehold = Annotated[Household, Depends(household)]
OfAdministrator = Annotated[Household, Depends(administrators)]
