"""The simulated QuickBooks Payments: tokens for the browser, charges and refunds."""

import secrets
from pathlib import Path
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from simulators.gateways import quickbooks_oauth
from simulators.gateways.house import House, house
from simulators.gateways.rows import Refused, Transaction

STATUS = {"review": "CAPTURED", "declined": "DECLINED", "pending": "PENDING", "voided": "CANCELLED"}
MATCH = {"match": "Pass", "no_match": "Fail"}
BASE = "/quickbooks/v4/payments"
Key = Annotated[str | None, Header(alias="Request-Id", max_length=50)]


class Shut(Exception):
    """No good access token."""


def let_in(request: Request, authorization: Annotated[str, Header()] = "") -> None:
    access = request.app.state.access
    if access is None or authorization != f"Bearer {access}":
        raise Shut


open_router = APIRouter()
router = APIRouter(prefix=BASE, dependencies=[Depends(let_in)])


class Charge(BaseModel):
    amount: Annotated[str, Field(pattern=r"^\d+\.\d\d$")]
    currency: str
    token: str | None = None
    cardOnFile: str | None = None
    capture: bool = True
    description: str = ""
    context: dict[str, str]


class Amount(BaseModel):
    amount: Annotated[str, Field(pattern=r"^\d+\.\d\d$")]


class Card(BaseModel):
    """Not a card: which of the simulated ones."""

    simulated: Annotated[str, Field(max_length=30)] = "visa 4242"


def create_app(folder: Path, *, client: httpx.AsyncClient | None = None) -> FastAPI:
    app = House("quickbooks", folder, back=lambda _, __: {}, prefix="E", client=client).app(open_router)
    app.include_router(quickbooks_oauth.router)
    app.include_router(router)
    app.state.access = app.state.refresh = app.state.code = None

    @app.exception_handler(Shut)
    async def shut(_: Request, __: Shut) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return JSONResponse({"code": "AuthenticationFailed", "type": "INPUT", "message": None}, 401)

    @app.exception_handler(Refused)
    async def refused(_: Request, refusal: Refused) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        missing = refusal.code == "not_found"
        error = {"code": "PMT-4001" if missing else "PMT-4000", "type": "invalid_request"}
        return JSONResponse({"errors": [{**error, "message": refusal.message}]}, 404 if missing else 400)

    return app


@open_router.post(f"{BASE}/tokens", status_code=201)
async def card_token(request: Request, card: Card) -> dict[str, str]:
    """What Intuit's script in the browser calls; without authorisation, and good once."""
    value = secrets.token_hex(11)
    house(request).books.cards[value] = card.simulated
    return {"value": value}


def _cents(text: str) -> int:
    return int(text.replace(".", ""))


def _shape(row: Transaction) -> dict[str, Any]:
    held = "AUTHORIZED" if row.kind == "authorization" else "CAPTURED"
    status = STATUS.get(row.status, "SETTLED" if row.settled else held)
    return {
        "created": f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
        "status": status if row.kind in ("sale", "authorization", "capture") else "ISSUED",
        "amount": f"{row.amount // 100}.{row.amount % 100:02}",
        "currency": row.currency,
        "card": {"number": f"xxxxxxxxxxxx{row.last4}", "cardType": (row.brand or "").upper()},
        "id": row.id,
        "authCode": row.auth_code or "",
        "capture": row.kind != "authorization",
        **({"type": "VOID"} if row.kind == "void" else {}),
        **({"avsStreet": MATCH[row.avs], "avsZip": MATCH[row.avs]} if row.avs else {}),
        **({"cardSecurityCodeMatch": MATCH[row.cvv]} if row.cvv else {}),
    }


@router.post("/charges", status_code=201)
async def charge(request: Request, asked: Charge, key: Key = None) -> dict[str, Any]:
    books = house(request).books
    if known := books.sent(key):
        return _shape(known)
    card = books.cards.get(asked.cardOnFile or "") or books.cards.pop(asked.token or "", None)
    if card is None:
        raise Refused("token", "token is invalid.")
    done = books.charge(
        our_id=key or "",
        amount=_cents(asked.amount),
        currency=asked.currency,
        card=card,
        request_id=key,
        authorize_only=not asked.capture,
    )
    return _shape(done)


@router.get("/charges/{id}")
async def read(request: Request, id: str) -> dict[str, Any]:
    books = house(request).books
    if (row := books.transactions.get(id)) is None:
        raise Refused("not_found", "The charge was not found.")
    after = [_shape(each) for each in books.children(id) if each.kind == "refund"]
    taken = next((_shape(each) for each in books.children(id) if each.kind == "capture"), None)
    held = {"status": "CAPTURED", "captureDetail": taken} if taken else {}
    return _shape(row) | held | ({"refundDetail": after} if after else {})


@router.post("/charges/{id}/capture", status_code=201)
async def capture(request: Request, id: str, asked: Amount, key: Key = None) -> dict[str, Any]:
    return _shape(house(request).books.capture(id, _cents(asked.amount), key))


@router.post("/charges/{id}/refunds", status_code=201)
async def refund(request: Request, id: str, asked: Amount, key: Key = None) -> dict[str, Any]:
    return _shape(house(request).books.refund(id, _cents(asked.amount), key))


@router.post("/txn-requests/{key}/void", status_code=201)
async def void(request: Request, key: str) -> dict[str, Any]:
    books = house(request).books
    if (done := books.sent(key)) is None:
        raise Refused("not_found", "The transaction request was not found.")
    if done.status == "declined":
        raise HTTPException(400)
    return _shape(books.void(done.id, f"{key}-void"))
