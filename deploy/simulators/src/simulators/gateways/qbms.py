"""The simulated QuickBooks Merchant Services: qbmsXML with the Wallet, and the Hosted PayPage."""

import html
import secrets
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl

import httpx
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from pydantic import BaseModel, Field

from simulators.gateways.house import House, house, root
from simulators.gateways.rows import Order, Refused, Transaction, cents
from simulators.gateways.xml import read, write

START = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<!DOCTYPE QBMSXML PUBLIC "-//INTUIT//DTD QBMSXML QBMS 4.5//EN" "http://qbms.invalid/qbmsxml45.dtd">'
)
CODES = {
    "approved": (0, "Status OK", "INFO"),
    "review": (10100, "The transaction was approved but flagged for fraud review.", "WARN"),
    "declined": (10401, "The request to process this transaction has been declined.", "ERROR"),
    "pending": (10200, "An error occurred while communicating with the credit card processor.", "ERROR"),
    "duplicate": (10500, "A general error occurred at the credit card processor.", "ERROR"),
}
MATCH = {"match": "Pass", "no_match": "Fail", None: "NotAvailable"}
router = APIRouter()
Fields = dict[str, Any]


class ReturnTo(BaseModel):
    """Where a payer goes after the PayPage: a setting of the account at Intuit."""

    url: Annotated[str, Field(pattern="^https?://", max_length=2000)]


def create_app(folder: Path, *, client: httpx.AsyncClient | None = None) -> FastAPI:
    app = House("qbms", folder, back=_back, prefix="YY", client=client).app(router)
    app.state.return_to = ""
    return app


def _back(order: Order, done: Transaction | None) -> dict[str, str]:
    return {"OpId": order.id} | ({"TxnId": done.id} if done and done.status == "approved" else {})


@router.put("/paypage/return")
async def return_to(request: Request, to: ReturnTo) -> ReturnTo:
    request.app.state.return_to = to.url
    return to


@router.post("/j/AppGateway")
async def gateway(request: Request) -> Response:
    try:
        document = read(await request.body())["QBMSXML"]
        who = document["SignonMsgsRq"]["SignonDesktopRq"]
        ((name, fields),) = [
            each for each in document["QBMSXMLMsgsRq"].items() if not each[0].startswith("@")
        ]
        operation = name.removesuffix("Rq")
    except (ValueError, KeyError, TypeError):
        return _signed_on(2030, "Unsupported version: parse error", "")
    if not (who.get("ConnectionTicket") or "").startswith(("TGT-", "SDK-TGT-")):
        return _signed_on(2000, f"Application agent not found {who.get('ConnectionTicket')}", "")
    try:
        attributes, content = _do(house(request), operation, fields or {})
    except Refused as refusal:
        code = 10405 if "void" in refusal.code else 10406 if "capture" in refusal.code else 10300
        attributes, content = _attributes(code, refusal.message, "ERROR"), {}
    return _signed_on(0, "", write(f"{operation}Rs", content, attributes))


def _signed_on(code: int, message: str, inner: str) -> Response:
    signed = write("SignonDesktopRs", {}, _attributes(code, message, "ERROR" if code else "INFO"))
    block = f"<QBMSXMLMsgsRs>{inner}</QBMSXMLMsgsRs>" if inner else ""
    document = f"{START}<QBMSXML><SignonMsgsRs>{signed}</SignonMsgsRs>{block}</QBMSXML>"
    return Response(document, media_type="application/x-qbmsxml")


def _attributes(code: int, message: str, severity: str) -> str:
    return f' statusCode="{code}" statusMessage="{html.escape(message)}" statusSeverity="{severity}"'


def _do(here: House, operation: str, fields: Fields) -> tuple[str, Fields]:
    books, key = here.books, fields.get("TransRequestID")
    ref, amount = fields.get("CreditCardTransID") or "", fields.get("Amount")
    match operation:
        case "CustomerCreditCardWalletCharge" | "CustomerCreditCardWalletAuth":
            if not key or not fields.get("WalletEntryID") or fields.get("IsECommerce") is None:
                raise Refused("field", "A required field is missing.")
            hold = operation.endswith("Auth")
            done = books.charge(
                our_id=key, amount=cents(amount), currency="USD", request_id=key, authorize_only=hold
            )
        case "CustomerCreditCardCapture":
            done = books.capture(ref, cents(amount), key)
        case "CustomerCreditCardTxnVoidOrRefund":
            return _void_or_refund(here, ref, amount, key)
        case "MerchantAccountQuery":
            return _attributes(*CODES["approved"]), {"CreditCardType": ["Visa", "MasterCard"]}
        case _:
            raise Refused("field", "Unknown request.")
    return _attributes(*CODES.get(done.status, CODES["approved"])), _shape(done)


def _void_or_refund(here: House, ref: str, amount: str | None, key: str | None) -> tuple[str, Fields]:
    """Void while it can be voided as a whole, else refund; without an amount all of it."""
    paid = here.books.transactions.get(ref)
    whole = paid is not None and (amount is None or cents(amount) == paid.amount)
    known = here.books.sent(key)
    if known or (paid and whole and not paid.settled and not any(here.books.children(ref))):
        done = known or here.books.void(ref, key)
    else:
        done = here.books.refund(
            ref, cents(amount) if amount else here.books.refundable(paid) if paid else 0, key
        )
    kind = {"VoidOrRefundTxnType": done.kind.capitalize()}
    return _attributes(*CODES["approved"]), {"CreditCardTransID": done.id, **kind}


def _shape(done: Transaction) -> Fields:
    if done.status not in ("approved", "review"):
        return {}
    return {
        "CreditCardTransID": done.id,
        "AuthorizationCode": done.auth_code,
        "AVSStreet": MATCH[done.avs],
        "AVSZip": MATCH[done.avs],
        "CardSecurityCodeMatch": MATCH[done.cvv],
        "PaymentStatus": "Completed",
        "TxnAuthorizationStamp": int(done.at.timestamp()),
    }


@router.post("/paypage/ticket/create")
async def ticket(request: Request) -> Response:
    form = dict(parse_qsl((await request.body()).decode()))
    if not all(form.get(name) for name in ("AuthModel", "AppLogin", "AuthTicket", "TxnType", "Amount")):
        return PlainTextResponse("StatusCode=10300\nStatusMessage=A required field is missing.\n")
    order = house(request).books.open_order(
        id=f"0P{secrets.token_hex(8).upper()}",
        our_id="",
        amount=cents(form["Amount"]),
        currency="USD",
        return_url=request.app.state.return_to,
        cancel_url=request.app.state.return_to,
        authorize_only=form["TxnType"] == "Auth",
    )
    lines = {"Ticket": f"SES+{order.secret}==", "OpId": order.id, "StatusCode": "0", "StatusMessage": "OK"}
    return PlainTextResponse("".join(f"{name}={value}\n" for name, value in lines.items()))


@router.get("/checkout/terminal")
async def terminal(request: Request, Ticket: str = "", OpId: str = "") -> Response:
    order = house(request).books.orders.get(OpId)
    if order is None or Ticket != f"SES+{order.secret}==":
        return PlainTextResponse("This link is not good.", 404)
    return RedirectResponse(f"{root(request)}page/{OpId}", 303)


@router.post("/paypage/capture")
async def confirm(request: Request) -> Response:
    form = dict(parse_qsl((await request.body()).decode()))
    rows = [row for row in house(request).books.transactions.values() if row.order == form.get("OpId")]
    paid = next((row for row in rows if row.status in ("approved", "review")), None)
    if paid is None:
        return PlainTextResponse("StatusCode=10500\nStatusMessage=Not paid yet.\n")
    lines = {
        "StatusCode": "0",
        "StatusMessage": "OK",
        "CreditCardTransID": paid.id,
        "AuthorizationCode": paid.auth_code,
        "Amount": f"{paid.amount // 100}.{paid.amount % 100:02}",
        "TxnType": "Auth" if paid.kind == "authorization" else "Sale",
    }
    return PlainTextResponse("".join(f"{name}={value}\n" for name, value in lines.items()))
