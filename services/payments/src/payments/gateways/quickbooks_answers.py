"""What QuickBooks Payments' answers say. HTTP numbers of errors vary: the code decides, then the type."""

import re
from dataclasses import replace

from payments.gateways.base import Finding, Outcome, Result
from payments.gateways.money import from_text
from payments.gateways.nested import child, children, moment, read_json, text
from payments.gateways.qbms_answers import avs, cvv
from payments.gateways.transport import UNREADABLE, Answer

LOST = replace(UNREADABLE, retry="same_key")
STATUS: dict[str | None, Outcome] = {
    "CAPTURED": "approved",
    "AUTHORIZED": "approved",
    "SETTLED": "approved",
    "ISSUED": "approved",
    "DECLINED": "declined",
    "CANCELLED": "declined",
    "REFUNDED": "refunded",
}
CODES: dict[str, Outcome] = {
    "1": "review",  # fraud warning: processed
    "2": "declined",  # fraud error: canceled by the gateway
    "3": "error",
    "4": "error",
    "5": "declined",
    "6": "unknown",
}
TYPES: dict[str | None, Outcome] = {
    "fraud_warning": "review",
    "fraud_error": "declined",
    "account_error": "error",
    "invalid_request": "error",
    "declined": "declined",
    "system_error": "unknown",
}
KEPT = ("clientTransID", "reconBatchID", "merchantAccountNumber", "paymentGroupingCode", "paymentStatus")


def result(answer: Answer) -> Result:
    return finding(answer).result


def findings(answer: Answer) -> tuple[Finding, ...] | Result:
    found = finding(answer)
    if found.result.outcome == "not_found":
        return ()
    return found.result if text(read_json(answer.body), "id") is None else (found,)


def gone(answer: Answer) -> Result:
    return Result(outcome="approved") if answer.status in (200, 204) else result(answer)


def finding(answer: Answer) -> Finding:
    """A charge, capture, refund or void; or what its error means."""
    body = read_json(answer.body)
    if answer.status in (401, 403) and text(body, "code"):
        kind, retry = (
            ("token_expired", "same_key") if answer.status == 401 else ("configuration", "after_fix")
        )
        said = Result(
            outcome="error", kind=kind, code=text(body, "code"), message=text(body, "message"), retry=retry
        )
        return Finding(result=said, kind="other")
    if errors := children(body, "errors"):
        return Finding(result=_refused(errors, answer), kind="other")
    if answer.status not in (200, 201) or text(body, "id") is None:
        return Finding(result=LOST, kind="other")
    return _done(body)


def _done(body: object) -> Finding:
    status, currency, card = text(body, "status"), text(body, "currency") or "USD", child(body, "card")
    outcome = STATUS.get(status, "unknown")
    digits = re.search(r"\d{4}$", text(card, "number") or "", re.ASCII)
    said = Result(
        outcome=outcome,
        auth_code=text(body, "authCode") if outcome == "approved" else None,
        gateway_ref=text(body, "id"),
        amount=from_text(text(body, "amount"), currency),
        currency=currency,
        avs=avs(text(body, "avsStreet"), text(body, "avsZip")),
        cvv=cvv(text(body, "cardSecurityCodeMatch")),
        last4=digits[0] if digits else None,
        brand=(text(card, "cardType") or "").lower() or None,
        captured={"CAPTURED": True, "SETTLED": True, "AUTHORIZED": False}.get(status or ""),
        retry="same_key" if outcome == "unknown" else "no",
        refs={_snake(name): value for name in KEPT if (value := text(body, "context", name))},
    )
    kind = "void" if text(body, "type") == "VOID" else "refund" if status == "ISSUED" else "sale"
    kind = "authorization" if status == "AUTHORIZED" else kind
    settled = status == "SETTLED" if kind == "sale" else None
    return Finding(result=said, kind=kind, at=moment(text(body, "created")), settled=settled)


def _refused(errors: list[object], answer: Answer) -> Result:
    first = errors[0]
    code = text(first, "code") or ""
    number = re.fullmatch(r"PMT-([1-6])\d{3}", code, re.ASCII)
    outcome = CODES[number[1]] if number else TYPES.get(text(first, "type"), "unknown")
    message = "; ".join(filter(None, (text(each, "message") for each in errors))) or None
    said = Result(outcome=outcome, code=code or None, message=message)
    if code == "PMT-4001" and answer.status == 404:
        return replace(said, outcome="not_found")
    checks = {"PMT-2000": "cvv", "PMT-1001": "cvv", "PMT-2002": "avs", "PMT-1002": "avs"}
    if (which := checks.get(code)) is not None:
        said = replace(said, **{which: "no_match"})
    if outcome == "unknown" or answer.status >= 500:
        return replace(said, outcome="unknown", retry="same_key")
    if outcome == "error":
        kind = "configuration" if code.startswith("PMT-3") else None
        return replace(said, kind=kind, retry="after_fix")
    return said


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z]+)", r"_\1", name).lower()
