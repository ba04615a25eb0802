"""The simulated Stripe: Checkout Sessions, payment intents, refunds, and webhooks signed as Stripe's."""

import hashlib
import hmac
import json
import secrets
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl

import httpx
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse

from simulators.gateways import rows
from simulators.gateways.house import House, house, root
from simulators.gateways.rows import Order, Refused, Transaction
from simulators.gateways.stripe_lists import lists
from simulators.gateways.stripe_shapes import (
    charge_shape,
    dispute_shape,
    intent_of,
    intent_shape,
    refund_shape,
    session_shape,
    taken_of,
)

Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)]


class Wrong(Exception):
    def __init__(self, status: int, message: str, **more: str) -> None:
        super().__init__(message)
        self.status, self.body = status, {"type": "invalid_request_error", "message": message, **more}


def let_in(authorization: Annotated[str, Header()] = "") -> None:
    if not authorization.startswith("Bearer sk_"):
        raise Wrong(401, "Invalid API Key provided")


router = APIRouter(prefix="/v1", dependencies=[Depends(let_in)])
router.include_router(lists)


def create_app(folder: Path, *, client: httpx.AsyncClient | None = None) -> FastAPI:
    here = House(
        "stripe", folder, back=lambda _, __: {}, heard=_paid, news=_news, prefix="pi_", client=client
    )
    app = here.app(router)

    @app.exception_handler(Wrong)
    async def wrong(_: Request, error: Wrong) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return JSONResponse({"error": error.body}, error.status)

    @app.exception_handler(Refused)
    async def refused(_: Request, refusal: Refused) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        missing = refusal.code == "not_found"
        code = "resource_missing" if missing else refusal.code
        body = {"type": "invalid_request_error", "code": code, "message": refusal.message}
        return JSONResponse({"error": body}, 404 if missing else 400)

    return app


def _paid(here: House, done: Transaction) -> None:
    """A decline leaves the session open, and no webhook tells of it."""
    order = here.books.orders[done.order or ""]
    if done.status == "declined":
        return
    tell(here, "checkout.session.completed", lambda wrong: session_shape(here, order, wrong=wrong))


def _news(here: House, done: Transaction) -> None:
    """What happened to a charge after it was paid."""
    if done.kind == "refund":
        if done.status != "failed":
            tell(here, "charge.refunded", lambda _: charge_shape(here.books, intent_of(here.books, done)))
        kind = "refund.failed" if done.status == "failed" else "refund.created"
        tell(here, kind, lambda _: refund_shape(here.books, done))
    elif done.kind == "dispute":
        kinds = {"withdrawn": ("created", "funds_withdrawn"), "won": ("funds_reinstated", "closed")}
        for kind in kinds.get(done.stage or "", ("closed",)):
            tell(here, f"charge.dispute.{kind}", lambda _: dispute_shape(here.books, done))


def tell(here: House, kind: str, about: Any) -> None:
    def write(wrong: bool) -> bytes:
        event = {"id": f"evt_{secrets.token_hex(8)}", "object": "event", "type": kind}
        return json.dumps({**event, "data": {"object": about(wrong)}}).encode()

    here.caller.tell(write, _sign)


def _sign(body: bytes, secret: str) -> dict[str, str]:
    now = f"{rows.now().timestamp():.0f}"
    mac = hmac.new(secret.encode(), now.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={now},v1={mac}"}


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def _order(request: Request, id: str) -> Order:
    if (order := house(request).books.orders.get(id)) is None:
        raise Wrong(404, f"No such checkout.session: '{id}'", code="resource_missing")
    return order


def _one(request: Request, id: str) -> Transaction:
    if (row := house(request).books.transactions.get(id)) is None:
        raise Wrong(404, f"No such object: '{id}'", code="resource_missing")
    return row


@router.post("/checkout/sessions")
async def open_session(request: Request, key: Key = None) -> dict[str, Any]:
    form, here, price = await _form(request), house(request), "line_items[0][price_data]"
    needed = ("mode", "line_items[0][quantity]", f"{price}[currency]", f"{price}[unit_amount]", "success_url")
    for name in (*needed, f"{price}[product_data][name]"):
        if not form.get(name):
            raise Wrong(400, f"Missing required param: {name}.", code="parameter_missing")
    id = f"cs_test_{secrets.token_hex(12)}"
    order = here.books.open_order(
        id=id,
        our_id=form.get("client_reference_id", ""),
        amount=int(form[f"{price}[unit_amount]"]),
        currency=form[f"{price}[currency]"].upper(),
        description=form[f"{price}[product_data][name]"],
        return_url=form["success_url"].replace("{CHECKOUT_SESSION_ID}", id),
        cancel_url=form.get("cancel_url", ""),
        secret=f"{root(request)}page/{id}",
        request_id=key,
        authorize_only=form.get("payment_intent_data[capture_method]") == "manual",
    )
    return session_shape(here, order)


@router.get("/checkout/sessions/{id}")
async def read_session(request: Request, id: str) -> dict[str, Any]:
    body = session_shape(house(request), _order(request, id))
    if request.query_params.getlist("expand[]") and body["payment_intent"]:
        body["payment_intent"] = intent_shape(house(request), _one(request, body["payment_intent"]))
    return body


@router.post("/checkout/sessions/{id}/expire")
async def expire(request: Request, id: str) -> dict[str, Any]:
    here, order = house(request), _order(request, id)
    if order.status != "open":
        raise Wrong(400, 'Only Checkout Sessions with a status in ["open"] can be expired.')
    here.books.keep(order := order.model_copy(update={"status": "canceled"}))
    tell(here, "checkout.session.expired", lambda wrong: session_shape(here, order, wrong=wrong))
    return session_shape(here, order)


@router.get("/payment_intents/{id}")
async def read_intent(request: Request, id: str) -> dict[str, Any]:
    return intent_shape(house(request), _one(request, id))


@router.post("/payment_intents/{id}/capture")
async def capture(request: Request, id: str, key: Key = None) -> dict[str, Any]:
    form = await _form(request)
    row = _one(request, id)
    house(request).books.capture(id, int(form.get("amount_to_capture", row.amount)), key)
    return intent_shape(house(request), row)


@router.post("/payment_intents/{id}/cancel")
async def cancel(request: Request, id: str, key: Key = None) -> dict[str, Any]:
    if _one(request, id).kind != "authorization":
        raise Wrong(400, "You cannot cancel this PaymentIntent.", code="payment_intent_unexpected_state")
    house(request).books.void(id, key)
    return intent_shape(house(request), _one(request, id))


@router.post("/refunds")
async def refund(request: Request, key: Key = None) -> dict[str, Any]:
    form, here = await _form(request), house(request)
    charge, amount = form.get("payment_intent", ""), form.get("amount", "")
    if not amount.isdigit():
        raise HTTPException(400)
    done = here.books.refund(taken_of(here.books, _one(request, charge)).id, int(amount), key)
    done = done.model_copy(update={"our_id": form.get("metadata[refund_id]", done.our_id)})
    here.books.keep(done)
    _news(here, done)
    return refund_shape(here.books, done)


@router.get("/refunds/{id}")
async def read_refund(request: Request, id: str) -> dict[str, Any]:
    return refund_shape(house(request).books, _one(request, id))
