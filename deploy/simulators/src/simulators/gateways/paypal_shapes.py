"""The objects that the simulated PayPal answers with."""

from typing import Any

from simulators.gateways.house import House
from simulators.gateways.rows import Order, Transaction

CHECKS: dict[tuple[str | None, str | None], dict[str, str]] = {
    ("match", "match"): {"avs_code": "Y", "cvv_code": "M"},
    ("no_match", "match"): {"avs_code": "N", "cvv_code": "M"},
    ("match", "no_match"): {"avs_code": "Y", "cvv_code": "N"},
}
STATUS = {"approved": "COMPLETED", "review": "COMPLETED", "pending": "PENDING", "declined": "DECLINED"}


def money(amount: int, currency: str) -> dict[str, str]:
    return {"currency_code": currency, "value": f"{amount // 100}.{amount % 100:02}"}


def minor(node: dict[str, str]) -> int:
    whole, _, cents = node["value"].partition(".")
    return int(whole) * 100 + int(f"{cents}00"[:2])


def link(here: House, path: str, rel: str, method: str = "GET") -> dict[str, str]:
    return {"href": f"{here.base}{path}", "rel": rel, "method": method}


def capture_shape(here: House, row: Transaction) -> dict[str, Any]:
    books = here.books
    left = books.refundable(row)
    status = STATUS.get(row.status, "COMPLETED")
    if status == "COMPLETED" and left < row.amount:
        status = "PARTIALLY_REFUNDED" if left else "REFUNDED"
    body: dict[str, Any] = {
        "id": row.id,
        "status": status,
        "amount": money(row.amount, row.currency),
        "final_capture": True,
        "processor_response": CHECKS.get((row.avs, row.cvv), {}),
        "custom_id": row.our_id,
        "create_time": f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
        "update_time": f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
        "links": [link(here, f"v2/payments/captures/{row.id}", "self")],
    }
    return body | ({"status_details": {"reason": "PENDING_REVIEW"}} if status == "PENDING" else {})


def refund_shape(here: House, row: Transaction) -> dict[str, Any]:
    books = here.books
    paid = books.transactions[row.charge or ""]
    return {
        "id": row.id,
        "status": "COMPLETED",
        "amount": money(row.amount, row.currency),
        "custom_id": row.our_id,
        "seller_payable_breakdown": {
            "total_refunded_amount": money(paid.amount - books.refundable(paid), row.currency)
        },
        "create_time": f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
        "links": [link(here, f"v2/payments/captures/{row.charge}", "up")],
    }


def order_shape(here: House, order: Order) -> dict[str, Any]:
    rows = [row for row in here.books.transactions.values() if row.order == order.id]
    taken = [capture_shape(here, row) for row in rows if row.kind == "sale"]
    given = [refund_shape(here, row) for row in rows if row.kind == "refund"]
    unit: dict[str, Any] = {
        "reference_id": order.our_id,
        "custom_id": order.our_id,
        "amount": money(order.amount, order.currency),
    }
    if taken:
        unit["payments"] = {"captures": taken} | ({"refunds": given} if given else {})
    status = {"agreed": "APPROVED", "paid": "COMPLETED"}.get(order.status, "PAYER_ACTION_REQUIRED")
    links = [link(here, f"v2/checkout/orders/{order.id}", "self")]
    if status == "PAYER_ACTION_REQUIRED":
        links.append(link(here, f"page/{order.id}", "payer-action"))
    return {
        "id": order.id,
        "intent": "CAPTURE",
        "status": status,
        "purchase_units": [unit],
        "create_time": f"{order.created:%Y-%m-%dT%H:%M:%SZ}",
        "links": links,
    }


def dispute_shape(row: Transaction) -> dict[str, Any]:
    amount = money(row.amount, row.currency)
    side = {"affected_party": "SELLER", "reason": "DISPUTE_SETTLEMENT", "amount": amount}
    fee = side | {"reason": "DISPUTE_FEE", "amount": money(row.fee or 0, row.currency)}
    moved = [side | {"type": "DEBIT"}, *([fee | {"type": "DEBIT"}] if row.fee else [])]
    over = row.stage in ("won", "lost")
    if row.stage == "won":
        moved.append(side | {"type": "CREDIT"})
    favour = "RESOLVED_SELLER_FAVOUR" if row.stage == "won" else "RESOLVED_BUYER_FAVOUR"
    return {
        "dispute_id": f"PP-D-{row.id}",
        "create_time": f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
        "disputed_transactions": [{"seller_transaction_id": row.charge, "custom": row.our_id}],
        "reason": "UNAUTHORISED",
        "status": "RESOLVED" if over else "UNDER_REVIEW",
        "dispute_amount": amount,
        "money_movements": moved,
        **({"dispute_outcome": {"outcome_code": favour}} if over else {}),
    }


CODES = {"sale": "T0006", "refund": "T1107", "dispute": "T1201", "again": "T1202"}


def report_shapes(row: Transaction) -> list[dict[str, Any]]:
    """A dispute that was won is two movements."""
    again = row.kind == "dispute" and row.stage == "won"
    return [_reported(row, row.kind), *([_reported(row, "again")] if again else [])]


def _reported(row: Transaction, kind: str) -> dict[str, Any]:
    amount = money(row.amount, row.currency)
    back = kind in ("refund", "dispute")
    return {
        "transaction_id": f"{row.id}R" if kind == "again" else row.id,
        "transaction_event_code": CODES[kind],
        "transaction_initiation_date": f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
        "transaction_amount": amount | ({"value": f"-{amount['value']}"} if back else {}),
        "transaction_status": {"approved": "S", "pending": "P", "declined": "D"}.get(row.status, "S"),
        "custom_field": row.our_id,
        **({"paypal_reference_id": row.charge} if row.charge else {}),
    }
