"""/v1/payment-attempts: charging cards"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from shared.etag import set_etag
from shared.pages import Cursor, Limit, Page
from shared.problems import Problem, not_found
from shared.work import Work
from sqlalchemy import select

from payments.api.depends import ONCE, At, Office, Reading, once
from payments.api.guard import LISTED
from payments.flows import accounts, attempts, calls, operations, pages, sending
from payments.flows.outcomes import locked
from payments.flows.tokens import gateway_of
from payments.ledger import State
from payments.models import attempt, saved_card
from payments.queries.attempts import answered, detail
from payments.queries.invoices import page
from payments.queries.merges import merged
from payments.schemas.gateways import (
    AttemptDetail,
    AttemptNew,
    AttemptOut,
    OperationNew,
)

CANCELED: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "The card service cannot end its page. The payment is given up and the invoice can be "
        "paid in another way; what is paid on the page after all is found and becomes credit."
    }
}
router = APIRouter(prefix="/v1", tags=["card payments"], dependencies=LISTED)


@router.get("/payment-attempts")
async def list_attempts(
    _who: Office,
    read: Reading,
    state: Annotated[State | None, Query(description="`needs_review` is the queue for a person.")] = None,
    customer_id: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AttemptOut]:
    """Newest first."""
    where = [] if state is None else [attempt.c.state == state]
    where += [] if customer_id is None else [attempt.c.debtor_id.in_(await merged(read, customer_id))]
    order = (attempt.c.created_at, attempt.c.id)
    rows, more = await page(read, attempt, *where, order=order, cursor=cursor, limit=limit)
    return Page(items=[AttemptOut.model_validate(row) for row in rows], next=more)


@router.post("/payment-attempts", status_code=201, dependencies=ONCE, response_model=AttemptDetail)
async def start_attempt(who: Office, at: At, request: Request, response: Response, body: AttemptNew) -> Any:
    """Takes or holds money for invoices: with a saved card at once, otherwise on the gateway's page at
    `redirect_url`. No card number ever passes here."""
    if body.card_id is not None and body.token is not None:
        raise Problem(422, "Name a saved card or a token, not both")
    shares = {part.invoice_id: part.amount for part in body.invoices}
    if len(shares) < len(body.invoices):
        raise Problem(422, "One invoice is named twice")
    secret = body.token.get_secret_value() if body.token else ""
    same = once(request, who.subject, body.model_dump_json(), secret)
    async with at.work() as work:
        account_id = body.account_id
        if body.card_id is not None:
            account_id = await _account_of(work, body.card_id, account_id)
        account = await accounts.chosen(work, id=account_id, portal=False)
        gateway_of(at, account)  # raises before anything is begun
        id, new = await attempts.begin(
            work,
            account=account,
            shares=shares,
            kind=body.kind,
            channel="office",
            extra={"token": True} if body.token else {},
            card_id=body.card_id,
            **same,
        )
    if new and (body.token or body.card_id):
        await calls.charge_card(at, id, token=body.token)
    elif new:
        await calls.start_hosted(at, id)
    else:
        await answered(at.database, id, at.settings.gateway_seconds)
    response.headers["Location"] = f"/v1/payment-attempts/{id}"
    return await _shown(at, response, id)


@router.get("/payment-attempts/{id}", response_model=AttemptDetail)
async def read_attempt(_who: Office, at: At, response: Response, id: UUID) -> Any:
    return await _shown(at, response, id)


@router.post("/payment-attempts/{id}/look", response_model=AttemptDetail)
async def look_now(who: Office, at: At, response: Response, id: UUID) -> Any:
    """Asks the gateway now what became of the payment and of its captures, voids and refunds, instead of
    waiting for the schedule."""
    async with at.database.read() as read:
        row = await detail(read, id)
    sent = row["order_ref"] or row["gateway_ref"] or row["state"] != "submitting"
    if sent and row["state"] != "void_pending":
        await calls.look(at, id, "person")
    for each in row["operations"]:
        if each.kind not in ("sale", "authorize") and each.state in ("unknown", "pending", "needs_review"):
            await sending.look_at_operation(at, each.id, "person")
    return await _shown(at, response, id)


@router.post("/payment-attempts/{id}/cancel", response_model=AttemptDetail, responses=CANCELED)
async def cancel_attempt(who: Office, at: At, response: Response, id: UUID) -> Any:
    """Ends a page that nobody paid, so that the invoice can be paid in another way. 409 where nothing was
    ended."""
    async with at.database.read() as read:
        await detail(read, id)
    response.status_code = pages.told(await pages.close_page(at, id, "person", who.subject))
    return await _shown(at, response, id)


async def _operate(
    kind: str, who: Any, at: At, request: Request, response: Response, id: UUID, body: OperationNew
) -> Any:
    same = once(request, who.subject, body.model_dump_json())
    async with at.database.read() as read:
        await detail(read, id)
    await calls.open_case(at, id)  # raises before anything is begun
    async with at.work() as work:
        row = await locked(work, id)
        known = await attempts.replayed(work, **same)
        operation_id = (
            known.id
            if known
            else await operations.begin(
                work,
                row,
                kind=kind,
                amount=body.amount,
                reason=body.reason,
                who=who.subject,
                caller=same["caller"],
                idempotency_key=same["key"],
                request_hash=same["request_hash"],
            )
        )
    if known is None:
        await sending.perform(at, operation_id)
    return await _shown(at, response, id)


@router.post("/payment-attempts/{id}/capture", dependencies=ONCE, response_model=AttemptDetail)
async def capture(
    who: Office, at: At, request: Request, response: Response, id: UUID, body: OperationNew
) -> Any:
    """Takes what is held, or a part of it."""
    return await _operate("capture", who, at, request, response, id, body)


@router.post("/payment-attempts/{id}/void", dependencies=ONCE, response_model=AttemptDetail)
async def void(
    who: Office, at: At, request: Request, response: Response, id: UUID, body: OperationNew
) -> Any:
    """Takes a hold back, or a payment that is not settled yet. Always the whole of it."""
    return await _operate("void", who, at, request, response, id, body.model_copy(update={"amount": None}))


@router.post("/payment-attempts/{id}/refund", dependencies=ONCE, response_model=AttemptDetail)
async def refund(
    who: Office, at: At, request: Request, response: Response, id: UUID, body: OperationNew
) -> Any:
    """Gives back a part, or all that is left."""
    return await _operate("refund", who, at, request, response, id, body)


async def _account_of(work: Work[Any], card_id: UUID, asked: UUID | None) -> UUID:
    """Where the card is kept. Whose it is, is looked at under lock, with the invoices."""
    query = select(saved_card.c.account_id).where(saved_card.c.id == card_id, ~saved_card.c.closed)
    found = (await work.session.execute(query)).scalar_one_or_none()
    if found is None:
        raise not_found("saved card")
    if asked not in (None, found):
        raise Problem(422, "This card is kept by another card service", "Leave `account_id` out.")
    return found


async def _shown(at: At, response: Response, id: UUID) -> Any:
    async with at.database.read() as read:
        found = await detail(read, id)
    set_etag(response, found["version"])
    return found
