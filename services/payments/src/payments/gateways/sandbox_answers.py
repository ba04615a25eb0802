"""What the sandbox's answers say."""

from dataclasses import replace
from typing import cast, get_args

from payments.gateways.base import Avs, Cvv, Finding, Outcome, Result
from payments.gateways.nested import child, moment, read_json, text, whole
from payments.gateways.transport import UNREADABLE, Answer

KNOWN: dict[str | None, Outcome] = {
    "approved": "approved",
    "declined": "declined",
    "duplicate": "duplicate",
    "pending": "pending",
    "review": "review",
    "voided": "voided",
    "canceled": "canceled",
}


def judge(answer: Answer) -> object:
    body = read_json(answer.body)
    if isinstance(body, dict) and answer.status in (200, 201):
        return body
    code, message = text(body, "code"), text(body, "message")
    if answer.status == 404 and code == "not_found":
        return Result(outcome="not_found", code=code, message=message)
    if answer.status in (400, 409, 422) and code:
        return Result(outcome="error", code=code, message=message, retry="after_fix")
    return replace(UNREADABLE, retry="same_key")


def finding(row: object) -> Finding:
    said = text(row, "kind") or ""
    kind = said if said in ("sale", "authorization", "capture", "void", "refund") else "other"
    avs, cvv = text(row, "avs"), text(row, "cvv")
    outcome = KNOWN.get(text(row, "status"), "unknown")
    names = ("order", "charge", "vault_token", "duplicate_of")
    result = Result(
        outcome=outcome,
        code=text(row, "code"),
        message=text(row, "message"),
        auth_code=text(row, "auth_code"),
        gateway_ref=text(row, "id"),
        amount=whole(row, "amount"),
        currency=text(row, "currency"),
        avs=cast("Avs", avs) if avs in get_args(Avs) else None,
        cvv=cast("Cvv", cvv) if cvv in get_args(Cvv) else None,
        last4=text(row, "last4"),
        brand=text(row, "brand"),
        captured={"sale": True, "capture": True, "authorization": False}.get(kind),
        retry="same_key" if outcome == "unknown" else "no",
        refs={name: value for name in names if (value := text(row, name))},
    )
    return Finding(
        result=result,
        kind=kind,
        our_id=text(row, "our_id"),
        at=moment(text(row, "at")),
        can_void=found if isinstance(found := child(row, "can_void"), bool) else None,
        can_refund=found if isinstance(found := child(row, "can_refund"), bool) else None,
        refund_max=whole(row, "refund_max"),
    )
