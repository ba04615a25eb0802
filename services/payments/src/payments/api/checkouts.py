"""/v1/checkouts: Pay Now, and the way back from the gateway's page"""

import html
from base64 import b64encode
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from shared.auth import allow_anyone
from shared.db import Row
from shared.headers import NOTHING
from shared.problems import Problem

from payments.api.attempts import CANCELED
from payments.api.depends import ONCE, At, once
from payments.api.guard import GUARDED
from payments.flows import calls, pages
from payments.flows.checkouts import check_out, own_checkout
from payments.flows.tokens import gateway_of
from payments.gateways.base import same_secret
from payments.queries.attempts import answered
from payments.schemas.gateways import CheckoutCancel, CheckoutNew, CheckoutOut
from payments.wording import for_payer

log = structlog.get_logger()
_FORGED: dict[int | str, dict[str, Any]] = {400: {"description": "The gateway did not make this address."}}
_TICKET: dict[int | str, dict[str, Any]] = {401: {"description": "The ticket is not valid or has ended."}}
router = APIRouter(prefix="/v1/checkouts", tags=["checkout"], dependencies=[*GUARDED, Depends(allow_anyone)])
_STYLE = "body{font:1.1rem/1.5 system-ui;max-width:32rem;margin:4rem auto;padding:0 1rem}"
_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
PAGE_STYLE = f"style-src 'sha256-{_HASH}'"
_HEADERS = {"Content-Security-Policy": f"{NOTHING}; {PAGE_STYLE}"}


@router.post(
    "",
    dependencies=ONCE,
    status_code=201,
    responses=_TICKET,
)
async def start_checkout(at: At, request: Request, response: Response, body: CheckoutNew) -> CheckoutOut:
    """Opens the gateway's page for the invoices of a checkout ticket. A ticket is good for one payment."""
    said = await request.app.state.verifier.checkout_ticket(body.ticket.get_secret_value())
    shares = {part.invoice_id: part.amount for part in body.invoices}
    if len(shares) < len(body.invoices):
        raise Problem(422, "One invoice is named twice")
    same = once(request, str(said.account_id), said.id, body.model_dump_json())
    async with at.work() as work:
        id, new = await check_out(
            work,
            usable=partial(gateway_of, at),
            said=said,
            shares=shares,
            amount=body.amount,
            key=same["key"],
            request_hash=same["request_hash"],
        )
    if new:
        await calls.start_hosted(at, id)
    row = await answered(at.database, id, at.settings.gateway_seconds)
    response.headers["Location"] = f"/v1/checkouts/{id}"
    return _shown(row)


@router.get("/{id}")
async def read_checkout(at: At, id: UUID) -> CheckoutOut:
    """How a payment stands, for the payer who started it."""
    return _shown(await answered(at.database, id, 0))


@router.post("/{id}/cancel", responses=CANCELED | _TICKET)
async def cancel_checkout(
    at: At, request: Request, response: Response, id: UUID, body: CheckoutCancel
) -> CheckoutOut:
    """The customer gives up an open page, with a new ticket for the same invoices, which stays unused. 409
    where nothing was ended."""
    said = await request.app.state.verifier.checkout_ticket(body.ticket.get_secret_value())
    async with at.database.read() as read:
        await own_checkout(read, id, said)
    response.status_code = pages.told(await pages.close_page(at, id, "api", str(said.account_id)))
    return _shown(await answered(at.database, id, 0))


@router.get("/{id}/return", status_code=303, response_class=RedirectResponse, responses=_FORGED)
async def come_back(at: At, request: Request, id: UUID) -> Response:
    """The payer is back. What the address says proves nothing: the gateway is asked. However often it is
    opened, it changes nothing twice. An address that the gateway did not make is refused."""
    row = await answered(at.database, id, 0)
    case = await calls.open_case(at, row.id)
    said = case.gateway.complete_return(dict(request.query_params), case.expected)
    left = same_secret(request.query_params.get("left"), row.extra.get("left"))
    if said.canceled or left:
        await pages.close_page(at, id, "return", "payer")
    elif said.verified:
        await calls.complete(at, id, "return")
    else:
        log.warning("security_forged_return", attempt=str(id), gateway=row.gateway)
        raise Problem(400, "This is not how the card service sends payers back", "Nothing was changed.")
    return RedirectResponse(f"/v1/checkouts/{id}/done", 303)


@router.get("/{id}/done", response_class=HTMLResponse)
async def show_outcome(at: At, id: UUID) -> HTMLResponse:
    """A plain page: what became of the payment, and the way on."""
    row = await answered(at.database, id, at.settings.gateway_seconds)
    links = [(at.settings.web_url, "Back")]
    if row.state == "requires_action" and row.redirect_url:
        links.insert(0, (row.redirect_url, "Go on paying"))
    anchors = " · ".join(f'<a href="{html.escape(url)}">{name}</a>' for url, name in links)
    return plain_page("Your payment", for_payer(row.state), anchors)


def plain_page(title: str, says: str, links: str) -> HTMLResponse:
    """`title` and `says` are text, `links` is HTML."""
    body = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<style>{_STYLE}</style>"
        f"<main><h1>{html.escape(title)}</h1><p role=status>{html.escape(says)}</p><p>{links}</p></main>"
    )
    return HTMLResponse(body, headers=_HEADERS)


def _shown(row: Row) -> Any:
    return CheckoutOut(
        id=row.id,
        state=row.state,
        says=for_payer(row.state),
        amount=row.amount,
        currency=row.currency,
        redirect_url=row.redirect_url if row.state == "requires_action" else None,
    )
