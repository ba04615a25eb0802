"""The objects that the simulated PayPal answers with."""

from typing import Any

from fastapi import Request

from simulators.gateways.house import house, root
from simulators.gateways.rows import Order, Transaction

STATUS = {"approved": "COMPLETED", "review": "COMPLETED", "pending": "PENDING", "declined": "DECLINED"}


def money(amount: int, currency: str) -> dict[str, str]:
    return {"currency_code": currency, "value": f"{amount // 100}.{amount % 100:02}"}


def minor(node: dict[str, str]) -> int:
    whole, _, cents = node["value"].partition(".")
    return int(whole) * 100 + int(f"{cents}00"[:2])


def link(request: Request, path: str, rel: str, method: str = "GET") -> dict[str, str]:
    return {"href": f"{root(request)}{path}", "rel": rel, "method": method}


def capture_shape(request: Request, row: Transaction) -> dict[str, Any]:
    books = house(request).books
    left = books.refundable(row)
    status = STATUS.get(row.status, "COMPLETED")
    if status == "COMPLETED" and left < row.amount:
        status = "PARTIALLY_REFUNDED" if left else "REFUNDED"
    body: dict[str, Any] = {
        "id": row.id,
        "status": status,
        "amount": money(row.amount, row.currency),
        "final_capture": True,
        "custom_id": row.our_id,
        "create_time": f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
        "update_time": f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
        "links": [link(request, f"v2/payments/captures/{row.id}", "self")],
    }
    return body | ({"status_details": {"reason": "PENDING_REVIEW"}} if status == "PENDING" else {})


def refund_shape(request: Request, row: Transaction) -> dict[str, Any]:
    books = house(request).books
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
        "links": [link(request, f"v2/payments/captures/{row.charge}", "up")],
    }


def order_shape(request: Request, order: Order) -> dict[str, Any]:
    rows = [row for row in house(request).books.transactions.values() if row.order == order.id]
    taken = [capture_shape(request, row) for row in rows if row.kind == "sale"]
    given = [refund_shape(request, row) for row in rows if row.kind == "refund"]
    unit: dict[str, Any] = {
        "reference_id": order.our_id,
        "custom_id": order.our_id,
        "amount": money(order.amount, order.currency),
    }
    if taken:
        unit["payments"] = {"captures": taken} | ({"refunds": given} if given else {})
    status = {"agreed": "APPROVED", "paid": "COMPLETED"}.get(order.status, "PAYER_ACTION_REQUIRED")
    links = [link(request, f"v2/checkout/orders/{order.id}", "self")]
    if status == "PAYER_ACTION_REQUIRED":
        links.append(link(request, f"page/{order.id}", "payer-action"))
    return {
        "id": order.id,
        "intent": "CAPTURE",
        "status": status,
        "purchase_units": [unit],
        "create_time": f"{order.created:%Y-%m-%dT%H:%M:%SZ}",
        "links": links,
    }


def report_shape(row: Transaction) -> dict[str, Any]:
    amount = money(row.amount, row.currency)
    refund = row.kind == "refund"
    return {
        "transaction_id": row.id,
        "transaction_event_code": "T1107" if refund else "T0006",
        "transaction_initiation_date": f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
        "transaction_amount": amount | ({"value": f"-{amount['value']}"} if refund else {}),
        "transaction_status": {"approved": "S", "pending": "P", "declined": "D"}.get(row.status, "S"),
        "custom_field": row.our_id,
    }
