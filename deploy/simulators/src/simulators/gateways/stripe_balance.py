"""The movements of the simulated Stripe's balance."""

from collections.abc import Iterator
from typing import Any

from simulators.gateways.books import Books
from simulators.gateways.house import House
from simulators.gateways.rows import Transaction
from simulators.gateways.stripe_shapes import charge_shape, dispute_shape, intent_of, refund_shape

TOOK = ("approved", "review")


def movements(here: House) -> list[dict[str, Any]]:
    """Money that came and went, oldest first; a hold is none. `source` is always expanded."""
    rows = here.books.transactions.values()
    return [each for row in rows if row.status != "declined" for each in _moved(here.books, row)]


def _moved(books: Books, row: Transaction) -> Iterator[dict[str, Any]]:
    if row.kind in ("sale", "capture") and row.status in TOOK:
        yield _movement(row, row.amount, "charge", charge_shape(books, intent_of(books, row)))
    elif row.kind == "refund":
        yield _movement(row, -row.amount, "refund", refund_shape(books, row))
        if row.status == "failed":
            yield _movement(row, row.amount, "refund_failure", refund_shape(books, row))
    elif row.kind == "dispute":
        yield _movement(row, -row.amount, "adjustment", dispute_shape(books, row))
        if row.stage == "won":
            yield _movement(row, row.amount, "adjustment", dispute_shape(books, row))


def _movement(row: Transaction, amount: int, kind: str, source: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"txn_{row.id}_{kind}_{amount}",
        "object": "balance_transaction",
        "amount": amount,
        "created": int(row.at.timestamp()),
        "currency": row.currency.lower(),
        "source": source,
        "type": kind,
    }
