"""Routes of outgoing mail: what became of it, and who does not want it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse
from shared.auth import allow_anyone
from shared.pages import Cursor, Limit, Page
from shared.problems import Problem, not_found

from portal_api.api.depends import Here, Office, Reading, Writing
from portal_api.flows.unsubscribe import address_in, subscribe, unsubscribe
from portal_api.queries.messages import outgoing_page, unsubscribed_page
from portal_api.schemas.messages import OutgoingLine, SubscribeAgain, UnsubscribedLine

router = APIRouter(tags=["messages"])
State = Literal["waiting", "sent", "failed", "suppressed"]
_CSP = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_HTML: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}


@router.get("/v1/outgoing-mails")
async def list_outgoing_mails(
    _who: Office,
    read: Reading,
    state: Annotated[State | None, Query(description="`failed` waits for a person.")] = None,
    about: Annotated[UUID | None, Query(description="An account, dispatch or payment.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[OutgoingLine]:
    """Newest first. What a mail said is erased once it has gone."""
    rows, more = await outgoing_page(read, state=state, about=about, cursor=cursor, limit=limit)
    return Page(items=[OutgoingLine.model_validate(row) for row in rows], next=more)


@router.get("/v1/unsubscribed-addresses")
async def list_unsubscribed_addresses(
    _who: Office, read: Reading, cursor: Cursor = None, limit: Limit = 50
) -> Page[UnsubscribedLine]:
    """Those that get no notifications; contractual mails still reach them."""
    rows, more = await unsubscribed_page(read, cursor=cursor, limit=limit)
    return Page(items=[UnsubscribedLine.model_validate(row) for row in rows], next=more)


@router.post("/v1/unsubscribed-addresses/subscribe", status_code=204)
async def subscribe_address_again(who: Office, work: Writing, body: SubscribeAgain) -> None:
    """When the customer has asked for it."""
    if not await subscribe(work, email=body.email, who=who.subject):
        raise not_found("unsubscribed address")


@router.get(
    "/v1/unsubscribe/{token}",
    dependencies=[Depends(allow_anyone)],
    response_class=HTMLResponse,
    responses=_HTML,
)
async def show_unsubscribe_page(here: Here, token: str) -> Response:
    """A page with a button. Looking changes nothing: mail scanners follow links."""
    _address(here, token)
    return _page(
        "<p>No more status mails and reminders to this address?</p>"
        '<form method="post"><button type="submit">Unsubscribe</button></form>'
    )


@router.post(
    "/v1/unsubscribe/{token}",
    dependencies=[Depends(allow_anyone)],
    response_class=HTMLResponse,
    responses=_HTML,
)
async def unsubscribe_address(here: Here, token: str) -> Response:
    """What the button does, and what mail programs do with one click (RFC 8058)."""
    email = _address(here, token)
    async with here.work() as work:
        await unsubscribe(work, email=email, who="recipient")
    return _page("<p>Done: no more status mails and reminders to this address.</p>")


def _address(here: Here, token: str) -> str:
    email = address_in(here.settings, token)
    if email is None:
        raise Problem(404, "This link is not one of ours", "Use the link of the mail as it is.")
    return email


def _page(body: str) -> HTMLResponse:
    whole = f'<!doctype html><html lang="en"><title>Unsubscribe</title><body>{body}</body></html>'
    return HTMLResponse(whole, headers={"Content-Security-Policy": _CSP})
