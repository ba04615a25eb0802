"""The simulated sandbox: the whole of what a gateway can do, in plain JSON."""

import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, FastAPI, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from simulators.gateways import rows
from simulators.gateways.house import House, house, root
from simulators.gateways.rows import Order, Refused, Transaction

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)]
TOKENS = {"tok_visa": "visa 4242", "tok_mastercard": "mastercard 4444", "tok_declined": "declined 0002"}
router = APIRouter()


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    our_id: Id
    amount: Annotated[int, Field(gt=0, lt=10**12)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    description: Annotated[str, Field(max_length=500)] = ""
    merchant: Annotated[str, Field(max_length=500)] = ""
    authorize_only: bool = False


class PageAsked(Asked):
    return_url: Annotated[str, Field(pattern="^https?://")]
    cancel_url: Annotated[str, Field(pattern="^https?://")]


class ChargeAsked(Asked):
    token: str | None = None
    card: str | None = None


class Amount(BaseModel):
    model_config = ConfigDict(extra="forbid")

    amount: Annotated[int, Field(gt=0, lt=10**12)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]


def create_app(folder: Path, *, client: httpx.AsyncClient | None = None) -> FastAPI:
    here = House("sandbox", folder, back=_back, heard=_tell, news=_tell, prefix="sb", client=client)
    app = here.app(router)

    @app.exception_handler(Refused)
    async def refused(_: Request, refusal: Refused) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        status = 404 if refusal.code == "not_found" else 409
        return JSONResponse({"code": refusal.code, "message": refusal.message}, status)

    return app


def _back(order: Order, done: Transaction | None) -> dict[str, str]:
    return {"secret": order.secret, "status": done.status if done else "canceled"}


def _tell(here: House, done: Transaction) -> None:
    def write(wrong: bool) -> bytes:
        told = _row(here, done) | ({"amount": done.amount // 10} if wrong else {})
        given = [row for row in here.books.children(done.charge or done.id) if row.kind == "refund"]
        refunds = sum(row.amount for row in given if row.status != "failed")
        event = {"id": f"ev{secrets.token_hex(8)}", "type": f"{done.kind}.{done.status}", "transaction": told}
        return json.dumps({**event, "refunded_total": refunds}).encode()

    here.caller.tell(write, _sign)


def _sign(body: bytes, secret: str) -> dict[str, str]:
    now = f"{rows.now().timestamp():.0f}"
    mac = hmac.new(secret.encode(), now.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Sandbox-Signature": f"t={now},v1={mac}"}


def _row(here: House, done: Transaction) -> dict[str, Any]:
    left = here.books.refundable(done)
    open_ = done.status in ("approved", "review") and not any(here.books.children(done.id))
    can = {"can_void": open_ and not done.settled, "can_refund": left > 0, "refund_max": left}
    return done.model_dump(mode="json", exclude_none=True) | (can if done.charge is None else {})


@router.post("/orders", status_code=201)
async def open_order(request: Request, asked: PageAsked, key: Key = None) -> dict[str, str]:
    order = house(request).books.open_order(**asked.model_dump(), request_id=key)
    url = f"{root(request)}page/{order.id}"
    expires = order.created + timedelta(hours=2)
    return {"id": order.id, "url": url, "secret": order.secret, "expires_at": expires.isoformat()}


@router.post("/orders/{id}/close")
async def close(request: Request, id: Id) -> dict[str, Any]:
    books = house(request).books
    if (order := books.orders.get(id)) is None:
        raise Refused("not_found", "No such order.")
    if order.status == "paid":
        return _row(house(request), next(row for row in books.of(order.our_id) if row.status != "declined"))
    books.keep(order.model_copy(update={"status": "canceled"}))
    return {"status": "canceled", "order": id}


@router.post("/charges", status_code=201)
async def charge(request: Request, asked: ChargeAsked, key: Key = None) -> dict[str, Any]:
    here = house(request)
    card = here.books.cards.get(asked.card or "") or TOKENS.get(asked.token or "")
    if card is None:
        raise Refused("no_such_card", f"The token is not known. Try {', '.join(TOKENS)}.")
    fields = asked.model_dump(include={"our_id", "amount", "currency", "authorize_only"})
    done = here.books.charge(**fields, card=card, request_id=key)
    _tell(here, done)
    return _row(here, done)


@router.post("/transactions/{id}/capture", status_code=201)
async def capture(request: Request, id: Id, asked: Amount, key: Key = None) -> dict[str, Any]:
    return _done(request, house(request).books.capture(id, asked.amount, key))


@router.post("/transactions/{id}/void", status_code=201)
async def void(request: Request, id: Id, key: Key = None) -> dict[str, Any]:
    return _done(request, house(request).books.void(id, key))


@router.post("/transactions/{id}/refunds", status_code=201)
async def refund(request: Request, id: Id, asked: Amount, key: Key = None) -> dict[str, Any]:
    return _done(request, house(request).books.refund(id, asked.amount, key))


def _done(request: Request, done: Transaction) -> dict[str, Any]:
    _tell(house(request), done)
    return _row(house(request), done)


@router.post("/transactions/{id}/card", status_code=201)
async def save_card(request: Request, id: Id) -> dict[str, Any]:
    books = house(request).books
    if (of := books.transactions.get(id)) is None:
        raise Refused("not_found", "No such transaction.")
    token = f"card{secrets.token_hex(8)}"
    books.cards[token] = f"{of.brand} {of.last4}"
    return {"status": "approved", "vault_token": token, "last4": of.last4, "brand": of.brand}


@router.delete("/cards/{token}")
async def forget_card(request: Request, token: str) -> dict[str, str]:
    if house(request).books.cards.pop(token, None) is None:
        raise Refused("not_found", "No such card.")
    return {"status": "approved"}


@router.post("/requests/{key}/void", status_code=201)
async def abandon(request: Request, key: Id) -> dict[str, Any]:
    books = house(request).books
    if (done := books.sent(key)) is None:
        raise Refused("not_found", "No such request.")
    return _done(request, books.void(done.id, f"{key}-void"))


@router.get("/transactions")
async def transactions(
    request: Request,
    our_id: str | None = None,
    gateway_ref: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> dict[str, list[dict[str, Any]]]:
    here = house(request)
    rows = [
        _row(here, row)
        for row in here.books.transactions.values()
        if our_id in (None, row.our_id)
        and gateway_ref in (None, row.id, row.charge)
        and (start is None or row.at >= start)
        and (end is None or row.at < end)
    ]
    return {"transactions": rows}
