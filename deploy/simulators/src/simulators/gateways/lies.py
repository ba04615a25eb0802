"""What each gateway's look-up says when it fails in its own way: the mode, the true answer, and what is said
instead (HTTP status and body)."""

import json
import re
from typing import Any


def sandbox(mode: str, true: bytes) -> tuple[int, bytes]:
    if mode == "shut":
        return 401, _json({"code": "unauthorized", "message": "The key is not known."})
    if mode == "error_row":
        return 200, _json({"transactions": [{"code": "host_error", "message": "Try again later."}]})
    rows: list[dict[str, Any]] = json.loads(true).get("transactions", [])
    unknown = [row | {"kind": "adjustment"} for row in rows]
    return 200, _json({"transactions": unknown if mode == "unknown_row" else []})


def merchantware(mode: str, true: bytes) -> tuple[int, bytes]:
    """Its errors come as a row of the list, with HTTP 200."""
    text = true.decode()
    if mode == "unknown_row":
        return 200, re.sub(r"(<TransactionType>)\d+", r"\g<1>77", text).encode()
    detailed = "<DetailedTransactionByReferenceResult>" in text
    wrong = "Invalid Credentials." if mode == "shut" else "System error. Please try again."
    told = f"<ErrorMessage>{wrong}</ErrorMessage>"
    if detailed:
        row = f"<ApprovalStatus />{told}<Token /><TransactionType>0</TransactionType>"
    else:
        row = (
            "<TransactionReference4><Amount /><ApprovalStatus />"
            f"{told}<Token /><TransactionType>0</TransactionType></TransactionReference4>"
        )
    inner = r"(<(\w+Result)>).*</\2>|<(\w+Result) ?/>"
    said = "" if mode == "empty" else row
    return 200, re.sub(inner, lambda m: _result(m, said), text, count=1, flags=re.DOTALL).encode()


def _result(match: re.Match[str], row: str) -> str:
    name = match[2] or match[3]
    return f"<{name}>{row}</{name}>"


def qbms(mode: str, true: bytes) -> tuple[int, bytes]:
    code = {"shut": 10201, "error_row": 10501, "unknown_row": 10999, "empty": 10500}[mode]
    return 200, f"StatusCode={code}\nStatusMessage=It cannot be said.\n".encode()


def quickbooks(mode: str, true: bytes) -> tuple[int, bytes]:
    if mode == "shut":
        return 401, _json({"code": "AuthenticationFailed", "type": "INPUT", "message": None})
    if mode == "unknown_row":
        return 200, _json(json.loads(true) | {"status": "ADJUSTED"})
    code, status = ("PMT-4001", 404) if mode == "empty" else ("PMT-6000", 200)
    kind = "invalid_request" if mode == "empty" else "system_error"
    return status, _json({"errors": [{"code": code, "type": kind, "message": "It cannot be said."}]})


def paypal(mode: str, true: bytes) -> tuple[int, bytes]:
    body = json.loads(true)
    if mode == "shut":
        return 403, _json({"name": "NOT_AUTHORIZED", "message": "Insufficient permissions.", "links": []})
    if mode == "error_row":
        return 200, _json({"name": "INTERNAL_SERVICE_ERROR", "message": "An internal error occurred."})
    payments = [unit.get("payments", {}) for unit in body.get("purchase_units", [])]
    for each in payments:
        if mode == "empty":
            each.clear()
        for row in [row for rows in each.values() for row in rows]:
            row["status"] = "ON_HOLD"
    if mode == "empty" and body.get("status") == "COMPLETED":
        body["status"] = "APPROVED"
    for row in body.get("transaction_details", []):
        row["transaction_info"]["transaction_event_code"] = "T9900" if mode == "unknown_row" else ""
    if mode == "empty" and "transaction_details" in body:
        body["transaction_details"] = []
    return 200, _json(body)


def stripe(mode: str, true: bytes) -> tuple[int, bytes]:
    if mode == "shut":
        return 401, _json({"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}})
    if mode == "error_row":
        return 200, _json({"error": {"type": "api_error", "message": "An internal error occurred."}})
    if mode == "empty":
        wrong = {"type": "invalid_request_error", "code": "resource_missing", "message": "No such object"}
        return 404, _json({"error": wrong})
    return 200, _json(_unheard_of(json.loads(true)))


def _unheard_of(node: Any) -> Any:
    if isinstance(node, list):
        return [_unheard_of(each) for each in node]
    if not isinstance(node, dict):
        return node
    changed = {name: _unheard_of(value) for name, value in node.items()}
    return changed | {name: "on_hold" for name in ("status", "payment_status") if name in node}


def _json(body: object) -> bytes:
    return json.dumps(body).encode()


LIES = {
    "sandbox": sandbox,
    "merchantware": merchantware,
    "qbms": qbms,
    "quickbooks": quickbooks,
    "paypal": paypal,
    "stripe": stripe,
}
