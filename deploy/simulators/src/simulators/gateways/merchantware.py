"""The simulated MERCHANTWARE: Credit 4.0 and 4.5, Reporting and the Transport page. True to the real one, it
does not recognise a request that it had before; its processor declines a sale that looks like the last."""

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from simulators.gateways.house import House, house, root
from simulators.gateways.merchantware_shapes import (
    boarded,
    credit,
    detail,
    flat,
    listed,
    of_45,
    refused,
    status,
)
from simulators.gateways.rows import Order, Refused, Transaction, cents
from simulators.gateways.xml import fault, read, soap

Fields = dict[str, Any]
Do = Callable[[House, str, Fields], Fields]
NEEDED = (
    "Amount",
    "OrderNumber",
    "Zip",
    "RedirectLocation",
    "TransactionId",
    "ForceDuplicate",
    "TaxAmount",
    "EntryMode",
)
router = APIRouter()


def create_app(folder: Path, *, client: httpx.AsyncClient | None = None) -> FastAPI:
    return House("merchantware", folder, back=_back, client=client).app(router)


def _back(order: Order, done: Transaction | None) -> dict[str, str]:
    ours = {"TransactionID": order.our_id, "ValidationKey": order.secret}
    if done is None:
        return {"Status": "User_Cancelled", **ours}
    return {
        "Status": status(done),
        "RefID": done.id,
        "Token": done.id,
        "AuthCode": done.auth_code or "",
        **ours,
    }


def _token(fields: Fields) -> str:
    token = fields.get("token") or ""
    if not 1 <= len(token) <= 100:
        message = "token should be at least 1 to at most 100 characters in size.\nParameter name: token"
        raise Refused("token", message)
    return token


def _sale(here: House, operation: str, fields: Fields) -> Fields:
    card = here.books.cards.get(fields.get("vaultToken") or "", "visa 4242")
    if not fields.get("vaultToken"):
        raise Refused("vault", "Invalid vault token.")
    our_id, amount = fields.get("merchantTransactionId") or "", cents(fields.get("amount"))
    again = any((row.status, row.amount) == ("approved", amount) for row in here.books.of(our_id))
    done = here.books.charge(
        our_id=our_id,
        amount=amount,
        duplicate=again and fields.get("forceDuplicate") != "true",
        currency="USD",
        card=card,
        authorize_only=operation in ("PreAuthorizationVault", "Authorize"),
    )
    return credit(done, fields)


def _capture(here: House, _: str, fields: Fields) -> Fields:
    done = here.books.capture(_token(fields), cents(fields.get("amount")), None)
    return credit(_ours(here, done, fields), fields)


def _void(here: House, _: str, fields: Fields) -> Fields:
    return credit(_ours(here, here.books.void(_token(fields), None), fields), fields)


def _refund(here: House, _: str, fields: Fields) -> Fields:
    """An empty amount is everything."""
    token = _token(fields)
    paid = here.books.transactions.get(token)
    asked = fields.get("overrideAmount") or fields.get("amount")
    amount = cents(asked) if asked else here.books.refundable(paid) if paid else 0
    return credit(_ours(here, here.books.refund(token, amount, None), fields), fields)


def _ours(here: House, done: Transaction, fields: Fields) -> Transaction:
    done = done.model_copy(update={"our_id": fields.get("merchantTransactionId") or ""})
    here.books.keep(done)
    return done


def _board(here: House, _: str, fields: Fields) -> Fields:
    of = here.books.transactions.get(fields.get("referenceNumber") or fields.get("token") or "")
    if of is None:
        raise Refused("OBJECT_NOT_FOUND", "The reference number was not found.")
    token = f"VT{secrets.token_hex(6).upper()}"
    here.books.cards[token] = f"{of.brand} {of.last4}"
    return boarded(token)


def _unboard(here: House, _: str, fields: Fields) -> Fields:
    token = fields.get("vaultToken") or ""
    if here.books.cards.pop(token, None) is None:
        raise Refused("OBJECT_NOT_FOUND", "The token was not found.")
    return boarded(token)


def _by_id(here: House, _: str, fields: Fields) -> Fields:
    return listed(here.books.of(fields.get("merchantTransactionId") or "?"))


def _by_date(here: House, _: str, fields: Fields) -> Fields:
    start, end = (datetime.fromisoformat(fields[name]) for name in ("startDate", "endDate"))
    rows = here.books.transactions.values()
    return listed([row for row in rows if start <= row.at.replace(tzinfo=None) < end])


def _by_reference(here: House, _: str, fields: Fields) -> Fields:
    row = here.books.transactions.get(fields.get("token") or "")
    return detail(here.books, row) if row else {"ErrorMessage": "The transaction was not found."}


def _create(here: House, _: str, fields: Fields) -> Fields:
    asked = fields.get("request") or {}
    wrong = [{"Field": name, "Information": f"{name} is required."} for name in NEEDED if not asked.get(name)]
    if len(asked.get("OrderNumber") or "") > 8:
        told = "OrderNumber must be at most 8 characters."
        wrong.append({"Field": "OrderNumber", "Information": told})
    if wrong:
        return {"TransportKey": None, "ValidationKey": None, "Messages": {"Message": wrong}}
    order = here.books.open_order(
        id=secrets.token_hex(16),
        our_id=asked["TransactionId"],
        amount=cents(asked["Amount"]),
        currency="USD",
        merchant=asked.get("Dba") or "",
        description=asked["OrderNumber"],
        return_url=asked["RedirectLocation"],
        cancel_url=asked["RedirectLocation"],
    )
    return {"TransportKey": order.id, "ValidationKey": order.secret, "Messages": None}


OPERATIONS: dict[str, Do] = {
    **dict.fromkeys(("SaleVault", "PreAuthorizationVault", "Sale", "Authorize"), _sale),
    **dict.fromkeys(("PostAuthorization", "Capture"), _capture),
    **dict.fromkeys(("Void", "VoidPreAuthorization"), _void),
    "Refund": _refund,
    **dict.fromkeys(("VaultBoardCreditByReference", "BoardCard"), _board),
    **dict.fromkeys(("VaultDeleteToken", "UnboardCard"), _unboard),
    "TransactionsByTransactionId": _by_id,
    "TransactionsByDate": _by_date,
    "DetailedTransactionByReference": _by_reference,
    "CreateTransaction": _create,
}


@router.post("/Merchantware/ws/RetailTransaction/v4/Credit.asmx")
@router.post("/Merchantware/ws/RetailTransaction/v45/Credit.asmx")
@router.post("/Merchantware/ws/TransactionHistory/v4/Reporting.asmx")
@router.post("/v4/transportService.asmx")
async def call(request: Request) -> Response:
    """One SOAP operation; what is wrong with it comes back in the answer, as the real one does it."""
    try:
        body = read(await request.body())["Envelope"]["Body"]
        operation = next(name for name in body if not name.startswith("@"))
        fields = flat(body[operation])
        namespace = body[operation]["@xmlns"]
    except (ValueError, KeyError, TypeError, StopIteration):
        return fault("soap:Client", "Server was unable to read request.")
    do = OPERATIONS.get(operation)
    if do is None or f"{namespace}{operation}" != request.headers.get("soapaction", "").strip('"'):
        return fault("soap:Client", "Server did not recognize the value of HTTP Header SOAPAction.")
    wrong = "Invalid Credentials."
    if all(fields.get(name) for name in ("merchantName", "merchantSiteId", "merchantKey")):
        try:
            return _answer(operation, namespace, do(house(request), operation, fields))
        except Refused as refusal:
            wrong = refusal.message
    if do in (_board, _unboard):
        told = {"ErrorCode": "OBJECT_NOT_FOUND", "ErrorMessage": wrong, "VaultToken": None}
        return _answer(operation, namespace, told)
    if do is _create:
        told = {"Messages": {"Message": {"Field": "request", "Information": wrong}}}
        return soap(operation, namespace, told)
    credits = do in (_sale, _capture, _void, _refund)
    return _answer(operation, namespace, refused(wrong) if credits else {"ErrorMessage": wrong})


def _answer(operation: str, namespace: str, content: Fields) -> Response:
    return soap(operation, namespace, of_45(content) if namespace.endswith("/v45/") else content)


@router.get("/v4/transportweb.aspx")
async def page(request: Request, transportKey: str = "") -> Response:
    return RedirectResponse(f"{root(request)}page/{transportKey}", 303)
