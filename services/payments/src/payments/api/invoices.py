"""/v1/invoices"""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from shared.bodies import Day
from shared.etag import BasedOn, set_etag
from shared.pages import Cursor, Limit, Page
from sqlalchemy import ColumnElement

from payments.api.answers import as_json
from payments.api.depends import At, Office, Reading, Writing
from payments.api.documents import PDF, printed
from payments.api.guard import LISTED
from payments.flows import books, invoices, issuing
from payments.invoice import Standing
from payments.models import invoice
from payments.queries.invoices import find, page, whole
from payments.queries.merges import merged
from payments.queries.standings import in_state
from payments.schemas.invoices import (
    CreditNew,
    CreditUse,
    InvoiceEdit,
    InvoiceFromDispatch,
    InvoiceNew,
    InvoiceOut,
    Reason,
)

router = APIRouter(prefix="/v1/invoices", tags=["invoices"], dependencies=LISTED)


@router.get("", response_model=Page[InvoiceOut])
async def list_invoices(
    _who: Office,
    read: Reading,
    customer_id: UUID | None = None,
    dispatch_id: UUID | None = None,
    number: Annotated[str | None, Query(max_length=40)] = None,
    kind: Literal["invoice", "credit_note"] | None = None,
    state: Annotated[
        Standing | Literal["open"] | None, Query(description="`open`: issued and not settled.")
    ] = None,
    issued_since: Day | None = None,
    issued_until: Day | None = None,
    due_since: Day | None = None,
    due_until: Day | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Newest first; credit notes too."""
    asked = {"dispatch_id": dispatch_id, "number": number, "kind": kind}
    where: list[ColumnElement[bool]] = [
        invoice.c[name] == value for name, value in asked.items() if value is not None
    ]
    where += [] if state is None else in_state(state)
    where += [] if issued_since is None else [invoice.c.issued_on >= issued_since]
    where += [] if issued_until is None else [invoice.c.issued_on <= issued_until]
    where += [] if due_since is None else [invoice.c.due_on >= due_since]
    where += [] if due_until is None else [invoice.c.due_on <= due_until]
    where += [] if customer_id is None else [invoice.c.customer_id.in_(await merged(read, customer_id))]
    order = (invoice.c.created_at, invoice.c.id)
    rows, more = await page(read, invoice, *where, order=order, cursor=cursor, limit=limit)
    return as_json({"items": await whole(read, rows), "next": more})


@router.post("", status_code=201, response_model=InvoiceOut)
async def create_invoice(who: Office, work: Writing, response: Response, body: InvoiceNew) -> Any:
    """A draft: it has no number and is not owed yet."""
    return _made(response, await invoices.draft(work, values=body.model_dump(), who=who.subject))


@router.post("/from-dispatch", status_code=201, response_model=InvoiceOut)
async def create_from_dispatch(
    who: Office, work: Writing, response: Response, body: InvoiceFromDispatch
) -> Any:
    """A draft with the dispatch's open service fee, unless the partner said not to collect it."""
    made = await invoices.draft_from_dispatch(work, **body.model_dump(), who=who.subject)
    return _made(response, made)


@router.get("/{id:uuid}", response_model=InvoiceOut)
async def read_invoice(_who: Office, read: Reading, response: Response, id: UUID) -> Any:
    return _shown(response, await find(read, id))


@router.get("/{id:uuid}/pdf", response_class=Response, responses=PDF)
async def print_invoice(_who: Office, at: At, read: Reading, id: UUID) -> Response:
    """The invoice or credit note as PDF, as it stands now. A draft says that it is one."""
    return await printed(at, read, id)


@router.patch("/{id:uuid}", response_model=InvoiceOut)
async def edit_invoice(
    who: Office, work: Writing, response: Response, id: UUID, based_on: BasedOn, body: InvoiceEdit
) -> Any:
    """Drafts only."""
    values = body.model_dump(exclude_unset=True)
    done = await invoices.edit(work, id=id, based_on=based_on, values=values, who=who.subject)
    return _shown(response, done)


@router.delete("/{id:uuid}", status_code=204)
async def discard_invoice(who: Office, work: Writing, id: UUID, based_on: BasedOn) -> None:
    """Drafts only: an issued invoice is voided or credited."""
    await invoices.discard(work, id=id, based_on=based_on, who=who.subject)


@router.post("/{id:uuid}/issue", response_model=InvoiceOut)
async def issue_invoice(who: Office, work: Writing, response: Response, id: UUID, based_on: BasedOn) -> Any:
    """Gives it the next number. Deposits for its dispatch are applied."""
    return _shown(response, await issuing.issue(work, id=id, based_on=based_on, who=who.subject))


@router.post("/{id:uuid}/void", response_model=InvoiceOut)
async def void_invoice(
    who: Office, work: Writing, response: Response, id: UUID, based_on: BasedOn, body: Reason
) -> Any:
    """Only while nothing was paid on it. Its number is not given again."""
    done = await issuing.void(work, id=id, based_on=based_on, reason=body.reason, who=who.subject)
    return _shown(response, done)


@router.post("/{id:uuid}/credit-notes", status_code=201, response_model=InvoiceOut)
async def credit_invoice(
    who: Office, work: Writing, response: Response, id: UUID, based_on: BasedOn, body: CreditNew
) -> Any:
    """What was paid beyond what is left becomes the customer's credit."""
    made = await issuing.make_credit_note(
        work, id=id, based_on=based_on, **body.model_dump(), who=who.subject
    )
    return _made(response, made)


@router.post("/{id:uuid}/apply-credit", response_model=InvoiceOut)
async def apply_credit(who: Office, work: Writing, response: Response, id: UUID, body: CreditUse) -> Any:
    """Pays it from the customer's credit."""
    await books.apply_credit(work, invoice_id=id, amount=body.amount, who=who.subject)
    return _shown(response, await find(work.session, id))


def _made(response: Response, each: Any) -> Any:
    response.headers["Location"] = f"/v1/invoices/{each['id']}"
    return _shown(response, each)


def _shown(response: Response, each: Any) -> Any:
    set_etag(response, each["version"])
    return each
