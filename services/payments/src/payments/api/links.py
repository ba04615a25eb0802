"""/v1/pay: the door of a pay link, without logon; and links made and revoked by the office"""

import html
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from shared.auth import allow_anyone
from shared.db import utcnow
from shared.money import for_people
from shared.problems import Problem
from shared.transaction import open_secret_work
from shared.work import Work

from payments.api.checkouts import PAGE_STYLE, plain_page
from payments.api.depends import At, Office, Writing
from payments.api.guard import GUARDED
from payments.flows import calls, links
from payments.queries.attempts import answered
from payments.schemas.links import PayLinkOut
from payments.wording import for_payer

router = APIRouter(prefix="/v1", tags=["checkout"], dependencies=GUARDED)
Link = Annotated[str, Query(max_length=200, description="Of the mail.")]
Secret = Annotated[Work[Any], Depends(open_secret_work)]
_ANYONE = [Depends(allow_anyone)]
_PAGE: dict[str, Any] = {
    "text/html": {"schema": {"type": "string"}},
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
}
_SAYS: dict[int | str, dict[str, Any]] = {
    404: {"description": "This is no link of ours, or it has ended.", "content": _PAGE},
    409: {"description": "It cannot be paid this way just now.", "content": _PAGE},
    410: {"description": "There is nothing to pay any more.", "content": _PAGE},
    422: {"description": "It does not fit.", "content": _PAGE},
    429: {"description": "Tried too often.", "content": _PAGE},
    503: {"description": "Nothing was changed: try again.", "content": _PAGE},
}


@router.get("/pay", response_class=HTMLResponse, dependencies=_ANYONE, responses=_SAYS)
async def show_invoice(at: At, link: Link) -> HTMLResponse:
    """What is to be paid, and a button. Opening it changes nothing: mail programs open links by
    themselves."""
    async with at.database.read() as read:
        shown = await links.opened(read, at.settings, link, utcnow())
        under_way = await links.on_its_way(read, shown["id"]) if shown else None
    if shown is None or not shown["payable"]:
        return _closed(shown)
    if under_way is not None and under_way.channel != "link":
        return plain_page(f"Invoice {shown['number']}", for_payer(under_way.state), "")
    amount = for_people(shown["collectable"], shown["currency"])
    says = (
        f"{amount} are to be paid, due on {shown['due_on']:%B} {shown['due_on'].day}, {shown['due_on']:%Y}."
    )
    if shown["withheld"]:
        says += f" The service fee is not in it: {shown['withheld_because']}"
    page = plain_page(
        f"Invoice {shown['number']}",
        says,
        f"<form method=post><button>Pay {html.escape(amount)} now</button></form>",
    )
    # the button leads on to the card service's page, which browsers count as the form's target
    targets = "'self' https:" if at.settings.environment == "production" else "'self' https: http:"
    policy = (
        f"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action {targets}; {PAGE_STYLE}"
    )
    page.headers["Content-Security-Policy"] = policy
    return page


@router.post("/pay", status_code=303, response_class=RedirectResponse, dependencies=_ANYONE, responses=_SAYS)
async def pay_invoice(at: At, link: Link) -> Response:
    """Opens the card service's page for all that may be collected of that invoice. Pressed twice, it leads to
    the same page."""
    async with at.database.read() as read:
        shown = await links.opened(read, at.settings, link, utcnow())
    if shown is None or not shown["payable"]:
        return _closed(shown)
    title = f"Invoice {shown['number']}"
    try:
        async with at.work() as work:
            id = await links.pay(work, invoice_id=shown["id"])
        await calls.start_hosted(at, id)
    except Problem as problem:
        async with at.database.read() as read:
            under_way = await links.on_its_way(read, shown["id"])
        if problem.status != 409 or under_way is None or under_way.channel != "link":
            page = plain_page(title, f"{problem.title}. {problem.detail or ''}", "")
            page.status_code = problem.status
            page.headers.update(problem.headers)
            return page
        id = under_way.id
    row = await answered(at.database, id, at.settings.gateway_seconds)
    if row.state == "requires_action" and row.redirect_url:
        return RedirectResponse(row.redirect_url, 303)
    return RedirectResponse(f"/v1/checkouts/{id}/done", 303)


@router.post("/invoices/{id:uuid}/pay-links", status_code=201)
async def make_link(who: Office, work: Secret, id: UUID) -> PayLinkOut:
    """A link with which this one invoice is paid without logon, such as for a text message. The invoice's
    mails have one of their own."""
    url, ends = await links.made_by_hand(work, invoice_id=id, who=who.subject)
    return PayLinkOut(url=url, expires_at=ends)


@router.post("/invoices/{id:uuid}/pay-links/revoke", status_code=204)
async def revoke_links(who: Office, work: Writing, id: UUID) -> None:
    """All links to this invoice that were made until now, also those in mails, are worth nothing any more."""
    await links.revoke(work, invoice_id=id, who=who.subject)


def _closed(shown: dict[str, Any] | None) -> HTMLResponse:
    """The same page for whatever is no good link: it tells nobody which invoices there are."""
    if shown is None:
        page = plain_page("Pay an invoice", "This link is not good any more. Ask us for a new one.", "")
        page.status_code = 404
    else:
        page = plain_page(f"Invoice {shown['number']}", shown["not_payable_because"], "")
        page.status_code = 410
    return page
