"""What QuickBooks Payments' answers say. HTTP numbers of errors vary: the code decides, then the type."""

import re
from dataclasses import replace
from datetime import datetime

from payments.gateways.base import Outcome, Result, What
from payments.gateways.found import Finding, Findings, failed
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
    "REFUNDED": "approved",
}
CODES: dict[str, Outcome] = {
    "1": "approved",  # fraud warning: processed
    "2": "declined",  # fraud error: canceled by the gateway
    "3": "error",
    "4": "error",
    "5": "declined",
    "6": "unknown",
}
TYPES: dict[str | None, Outcome] = {
    "fraud_warning": "approved",
    "fraud_error": "declined",
    "account_error": "error",
    "invalid_request": "error",
    "declined": "declined",
    "system_error": "unknown",
}
KEPT = ("clientTransID", "reconBatchID", "merchantAccountNumber", "paymentGroupingCode", "paymentStatus")


def result(answer: Answer) -> Result:
    return finding(answer).result


def findings(answer: Answer) -> Findings | Result:
    """A charge by its reference, and what was done to it. One that Intuit gave us and does not know now may
    be another company's: that says nothing."""
    body = read_json(answer.body)
    if answer.status not in (200, 201) or children(body, "errors") or text(body, "id") is None:
        return failed(finding(answer).result)
    return Findings(rows=tuple(_operations(body)))


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
        return Finding(result=said)
    if errors := children(body, "errors"):
        said = _refused(errors, answer)
        return Finding(result=_warned(said, body) if said.outcome == "approved" else said)
    if answer.status not in (200, 201) or text(body, "id") is None:
        return Finding(result=LOST)
    return _done(body)


def _warned(said: Result, body: object) -> Result:
    """A fraud warning: the call went through all the same, and the charge stands beside the warning. Where it
    does not, nobody knows its reference."""
    if text(body, "id") is None:
        return replace(said, outcome="unknown", warning=said.message, retry="same_key")
    done = _done(body).result
    return replace(
        done,
        code=said.code,
        message=said.message,
        warning=said.message or said.code,
        avs=said.avs or done.avs,
        cvv=said.cvv or done.cvv,
    )


def _done(body: object) -> Finding:
    return _operations(body)[0]


def _operations(body: object) -> list[Finding]:
    """A charge, and the capture, refunds and void that it tells of; or one of these alone."""
    status, currency, card = text(body, "status"), text(body, "currency") or "USD", child(body, "card")
    outcome = STATUS.get(status, "unknown")
    digits = re.search(r"\d{4}$", text(card, "number") or "", re.ASCII)
    kind: What = "void" if text(body, "type") == "VOID" else "refund" if status == "ISSUED" else "sale"
    later = child(body, "captureDetail")
    if status == "AUTHORIZED" or isinstance(later, dict):
        kind = "hold"
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
        captured={"sale": True, "hold": False}.get(kind) if outcome == "approved" else None,
        retry="same_key" if outcome == "unknown" else "no",
        refs={_snake(name): value for name in KEPT if (value := text(body, "context", name))},
    )
    settled = status == "SETTLED" if kind == "sale" else None
    found = [Finding(result=said, kind=kind, at=moment(text(body, "created")), settled=settled)]
    if isinstance(later, dict):
        taken = _part(later, currency, captured=True)
        found.append(Finding(result=taken, kind="capture", of=said.gateway_ref, at=_at(later)))
    for each in children(body, "refundDetail"):
        what: What = "void" if text(each, "type") == "VOID" else "refund"
        found.append(Finding(result=_part(each, currency), kind=what, of=said.gateway_ref, at=_at(each)))
    return found


def _part(detail: object, currency: str, *, captured: bool | None = None) -> Result:
    declined = text(detail, "status") in ("DECLINED", "CANCELLED")
    amount = from_text(text(detail, "amount"), currency)
    return Result(
        outcome="declined" if declined else "approved",
        gateway_ref=text(detail, "id"),
        amount=amount,
        currency=currency,
        captured=captured,
    )


def _at(detail: object) -> datetime | None:
    return moment(text(detail, "created"))


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
    for each in errors:
        if (which := checks.get(text(each, "code") or "")) is not None:
            said = replace(said, **{which: "no_match"})
    if outcome == "unknown" or answer.status >= 500:
        return replace(said, outcome="unknown", retry="same_key")
    if outcome == "error":
        kind = "configuration" if code.startswith("PMT-3") else None
        return replace(said, kind=kind, retry="after_fix")
    return said


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z]+)", r"_\1", name).lower()
