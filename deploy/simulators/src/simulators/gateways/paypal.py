"""The simulated PayPal: Orders v2, refunds, the report, and webhooks that it verifies when asked."""

import base64
import json
import secrets
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse

from simulators.gateways.house import House, house
from simulators.gateways.paypal_calls import news, signature, tell
from simulators.gateways.paypal_shapes import (
    capture_shape,
    link,
    minor,
    order_shape,
    refund_shape,
    report_shapes,
)
from simulators.gateways.rows import Order, Refused, Transaction

ISSUES = {
    "refund_amount_exceeded": "REFUND_AMOUNT_EXCEEDED",
    "refund_refused": "CAPTURE_FULLY_REFUNDED",
    "not_found": "INVALID_RESOURCE_ID",
}
Key = Annotated[str | None, Header(alias="PayPal-Request-Id", max_length=108)]


class Wrong(Exception):
    def __init__(self, status: int, issue: str, links: list[dict[str, str]] | None = None) -> None:
        super().__init__(issue)
        names = {422: "UNPROCESSABLE_ENTITY", 404: "RESOURCE_NOT_FOUND", 400: "INVALID_REQUEST"}
        self.status = status
        self.body: dict[str, Any] = {
            "name": names.get(status, "INVALID_REQUEST"),
            "message": "The requested action could not be performed.",
            "debug_id": secrets.token_hex(6),
            "details": [{"issue": issue, "description": issue.replace("_", " ").capitalize()}],
            "links": links or [],
        }


class Shut(Exception):
    """No good token."""


def let_in(authorization: Annotated[str, Header()] = "") -> None:
    if not authorization.startswith("Bearer A21"):
        raise Shut


open_router = APIRouter()
router = APIRouter(dependencies=[Depends(let_in)])


def create_app(folder: Path, *, client: httpx.AsyncClient | None = None) -> FastAPI:
    app = House("paypal", folder, back=_back, news=news, takes=False, client=client).app(open_router)
    app.include_router(router)

    @app.exception_handler(Wrong)
    async def wrong(_: Request, error: Wrong) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return JSONResponse(error.body, error.status)

    @app.exception_handler(Refused)
    async def refused(_: Request, refusal: Refused) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        status = 404 if refusal.code == "not_found" else 422
        return JSONResponse(Wrong(status, ISSUES.get(refusal.code, refusal.code.upper())).body, status)

    @app.exception_handler(Shut)
    async def shut(_: Request, __: Shut) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        body = {"error": "invalid_token", "error_description": "Token signature verification failed"}
        return JSONResponse(body, 401)

    return app


def _back(order: Order, done: Transaction | None) -> dict[str, str]:
    return {"token": order.id} | ({"PayerID": "SIMULATED"} if done else {})


@open_router.post("/v1/oauth2/token")
async def token(authorization: Annotated[str, Header()] = "") -> JSONResponse:
    try:
        user, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    except ValueError:
        user = secret = ""
    if not user or not secret:
        wrong = {"error": "invalid_client", "error_description": "Client Authentication failed"}
        return JSONResponse(wrong, 401)
    good = {"access_token": f"A21{secrets.token_urlsafe(16)}", "token_type": "Bearer", "expires_in": 32400}
    return JSONResponse(good)


@router.post("/v2/checkout/orders")
async def open_order(request: Request, asked: dict[str, Any], key: Key = None) -> JSONResponse:
    try:
        (unit,) = asked["purchase_units"]
        context = asked["payment_source"]["paypal"]["experience_context"]
        fields: dict[str, Any] = {
            "id": secrets.token_hex(9)[:17].upper(),
            "our_id": unit["custom_id"],
            "amount": minor(unit["amount"]),
            "currency": unit["amount"]["currency_code"],
            "description": unit.get("description", ""),
            "merchant": context.get("brand_name", ""),
            "return_url": context["return_url"],
            "cancel_url": context["cancel_url"],
            "request_id": key,
        }
        if asked["intent"] != "CAPTURE" or key is None:
            raise Wrong(400, "MISSING_REQUIRED_PARAMETER")
    except (KeyError, ValueError, TypeError):
        raise Wrong(400, "INVALID_PARAMETER_SYNTAX") from None
    return JSONResponse(order_shape(house(request), house(request).books.open_order(**fields)), 201)


def _known(request: Request, id: str) -> Order:
    if (order := house(request).books.orders.get(id)) is None:
        raise Wrong(404, "INVALID_RESOURCE_ID")
    return order


@router.get("/v2/checkout/orders/{id}")
async def read_order(request: Request, id: str) -> dict[str, Any]:
    return order_shape(house(request), _known(request, id))


@router.post("/v2/checkout/orders/{id}/capture")
async def capture(request: Request, id: str, key: Key = None) -> JSONResponse:
    order, books = _known(request, id), house(request).books
    opened = any(each.request_id == key for each in books.orders.values())
    if opened or books.sent(key):  # also where the id was another call's: what that did is all that is told
        return JSONResponse(order_shape(house(request), order), 200)
    if order.status == "paid":
        raise Wrong(422, "ORDER_ALREADY_CAPTURED")
    page = [link(house(request), f"page/{id}", "payer-action")]
    if order.status != "agreed":
        raise Wrong(422, "ORDER_NOT_APPROVED", page)
    done = books.charge(
        our_id=order.our_id,
        amount=order.amount,
        currency=order.currency,
        card="paypal 0000",
        request_id=key,
        order=id,
    )
    if done.status == "declined":
        books.keep(order.model_copy(update={"status": "open"}))
        raise Wrong(422, "INSTRUMENT_DECLINED", page)
    if done.status == "duplicate":
        raise Wrong(422, "DUPLICATE_INVOICE_ID")
    books.keep(order := order.model_copy(update={"status": "paid"}))
    kind = "PENDING" if done.status == "pending" else "COMPLETED"
    tell(
        house(request), f"PAYMENT.CAPTURE.{kind}", lambda: capture_shape(house(request), done) | _related(id)
    )
    return JSONResponse(order_shape(house(request), order), 201)


def _related(order: str) -> dict[str, Any]:
    return {"supplementary_data": {"related_ids": {"order_id": order}}}


@router.get("/v2/payments/captures/{id}")
async def read_capture(request: Request, id: str) -> dict[str, Any]:
    if (row := house(request).books.transactions.get(id)) is None:
        raise Wrong(404, "INVALID_RESOURCE_ID")
    return capture_shape(house(request), row)


@open_router.post("/ledger/{id}/end", status_code=204)
async def end_review(request: Request, id: str, approved: bool) -> None:
    """PayPal has looked at a capture that was pending; what it found is told by a webhook alone."""
    done = house(request).books.end(id, approved=approved)
    kind = "COMPLETED" if approved else "DENIED"
    related = _related(done.order or "")
    tell(house(request), f"PAYMENT.CAPTURE.{kind}", lambda: capture_shape(house(request), done) | related)


@router.post("/v2/payments/captures/{id}/refund", status_code=201)
async def refund(request: Request, id: str, asked: dict[str, Any], key: Key = None) -> dict[str, Any]:
    books = house(request).books
    paid = books.transactions.get(id)
    amount = minor(asked["amount"]) if "amount" in asked else books.refundable(paid) if paid else 0
    done = books.refund(id, amount, key)
    house(request).tell(done)
    return refund_shape(house(request), done)


@router.get("/v1/reporting/transactions")
async def report(request: Request, start_date: datetime, end_date: datetime) -> dict[str, Any]:
    rows = [
        row
        for row in house(request).books.transactions.values()
        if row.kind in ("sale", "refund", "dispute") and start_date <= row.at < end_date
    ]
    told = [{"transaction_info": each} for row in rows for each in report_shapes(row)]
    return {"transaction_details": told, "total_pages": 1, "page": 1, "total_items": len(told)}


@router.post("/v1/notifications/verify-webhook-signature")
async def verify(request: Request) -> dict[str, str]:
    raw = await request.body()
    told = json.loads(raw)
    body = raw.partition(b'"webhook_event":')[2].strip().removesuffix(b"}")
    good = signature(told["transmission_id"], told["transmission_time"], told["webhook_id"], body)
    return {"verification_status": "SUCCESS" if good == told["transmission_sig"] else "FAILURE"}
