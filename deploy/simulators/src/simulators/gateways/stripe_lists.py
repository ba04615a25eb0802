"""The lists of the simulated Stripe."""

from typing import Any

from fastapi import APIRouter, Request

from simulators.gateways.house import house
from simulators.gateways.stripe_balance import movements
from simulators.gateways.stripe_shapes import intent_of, intent_shape, refund_shape

lists = APIRouter()


@lists.get("/payment_intents")
async def intents(request: Request, limit: int = 10) -> dict[str, Any]:
    here = house(request)
    found = [row for row in here.books.transactions.values() if row.kind in ("sale", "authorization")]
    return _list(request, [intent_shape(here, row) for row in found], limit)


@lists.get("/refunds")
async def refunds(request: Request, limit: int = 10) -> dict[str, Any]:
    books = house(request).books
    found = [row for row in books.transactions.values() if row.kind == "refund"]
    if (charge := request.query_params.get("payment_intent")) is not None:
        found = [row for row in found if intent_of(books, row).id == charge]
    return _list(request, [refund_shape(books, row) for row in found], limit)


def _list(request: Request, told: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """Newest first, between `created[gte]` and `created[lt]`, after `starting_after`."""
    query = request.query_params
    first, last = int(query.get("created[gte]", "0")), int(query.get("created[lt]", str(10**11)))
    told = [row for row in reversed(told) if first <= row["created"] < last]
    ids = [row["id"] for row in told]
    after = query.get("starting_after")
    told = told[ids.index(after) + 1 if after in ids else 0 :]
    return {"object": "list", "data": told[:limit], "has_more": len(told) > limit}


@lists.get("/balance_transactions")
async def balance(request: Request, limit: int = 10) -> dict[str, Any]:
    return _list(request, movements(house(request)), limit)
