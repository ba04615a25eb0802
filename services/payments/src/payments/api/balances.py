"""What customers owe: balances, statements, receivables"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from shared.bodies import Day
from shared.pages import Cursor, Limit, Page
from sqlalchemy import select

from payments.api.answers import as_json
from payments.api.depends import At, Office, Reading
from payments.api.guard import LISTED
from payments.models import invoice
from payments.queries.balances import balances, open_ids, receivables
from payments.queries.company import zone_of
from payments.queries.invoices import whole
from payments.queries.merges import debtors
from payments.queries.statements import Period, lines, opening_and_closing
from payments.schemas.invoices import InvoiceOut
from payments.schemas.payments import (
    BalanceIn,
    BalanceOut,
    Receivable,
    Statement,
)

router = APIRouter(prefix="/v1", tags=["payments"], dependencies=LISTED)


@router.get("/customer-balances/{customer_id}")
async def read_balance(_who: Office, at: At, read: Reading, customer_id: UUID) -> BalanceOut:
    found = await balances(read, await debtors(read, customer_id))
    own = at.settings.currency
    owed, credit = found.pop(own, (0, 0))
    others = [BalanceIn(currency=name, owed=each[0], credit=each[1]) for name, each in sorted(found.items())]
    return BalanceOut(customer_id=customer_id, currency=own, owed=owed, credit=credit, others=others)


@router.get("/customer-balances/{customer_id}/invoices", response_model=Page[InvoiceOut])
async def list_open_invoices(
    _who: Office, read: Reading, customer_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """What the customer has still to pay, oldest due first."""
    ids, more = await open_ids(read, await debtors(read, customer_id), cursor=cursor, limit=limit)
    rows = await read.execute(
        select(invoice).where(invoice.c.id.in_(ids)).order_by(invoice.c.due_on, invoice.c.id)
    )
    return as_json({"items": await whole(read, rows.all()), "next": more})


@router.get("/statements/{customer_id}", response_model=Statement)
async def read_statement(
    _who: Office,
    at: At,
    read: Reading,
    customer_id: UUID,
    since: Annotated[Day, Query(description="First day.")],
    until: Annotated[Day, Query(description="Last day.")],
    currency: Annotated[
        str | None, Query(pattern="^[A-Z]{3}$", description="The company's, without one.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Everything that changed what the customer owes, oldest first."""
    asked, zone = currency or at.settings.currency, await zone_of(read, at.settings)
    period = Period(await debtors(read, customer_id), since, until, zone, asked)
    opening, closing = await opening_and_closing(read, period)
    page, more = await lines(read, period, opening=opening, cursor=cursor, limit=limit)
    about = {"customer_id": customer_id, "currency": asked, "since": since, "until": until}
    about |= {"opening": opening}
    return as_json({**about, "closing": closing, "lines": page, "next": more})


@router.get("/receivables")
async def list_receivables(
    _who: Office,
    read: Reading,
    on: Annotated[Day, Query(description="Ages are counted to this day.")],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Receivable]:
    """What is owed, by customer and age (days after it was due), most first."""
    found, more = await receivables(read, on, cursor=cursor, limit=limit)
    return Page(items=[Receivable.model_validate(each) for each in found], next=more)
