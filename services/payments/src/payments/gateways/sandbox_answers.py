"""What the sandbox's answers say."""

from dataclasses import replace
from typing import cast, get_args

from payments.gateways.base import Avs, Cvv, Outcome, Result, What
from payments.gateways.found import Dispute, Finding, Findings, Stage, all_of
from payments.gateways.nested import child, children, moment, read_json, text, whole
from payments.gateways.transport import UNREADABLE, Answer

KNOWN: dict[str | None, Outcome] = {
    "approved": "approved",
    "declined": "declined",
    "failed": "declined",  # a refund that came back
    "duplicate": "duplicate",
    "pending": "pending",
    "review": "approved",  # with a warning
    "voided": "approved",  # and taken back
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


KINDS: dict[str, What] = {
    **{kind: kind for kind in ("sale", "capture", "void", "refund", "dispute")},
    "authorization": "hold",
}


def findings(body: object) -> Findings:
    """The rows of a list. A voided charge is two: it was made, and taken back."""
    if not isinstance(child(body, "transactions"), list):
        return Findings(complete=False)
    found: list[Finding | None] = []
    for row in children(body, "transactions"):
        known = text(row, "kind") in KINDS and text(row, "id") is not None
        each = finding(row) if known else None
        found.append(each)
        if each and each.kind in ("sale", "hold") and text(row, "status") == "voided":
            void = Result(outcome="approved", amount=each.result.amount, currency=each.result.currency)
            found.append(Finding(result=void, kind="void", of=each.result.gateway_ref, at=each.at))
    return all_of(found)


def finding(row: object) -> Finding:
    kind, status = KINDS.get(text(row, "kind") or "", "sale"), text(row, "status")
    avs, cvv = text(row, "avs"), text(row, "cvv")
    outcome = KNOWN.get(status, "unknown")
    names = ("order", "charge", "vault_token", "duplicate_of")
    said = {"sale": True, "capture": True, "hold": False}.get(kind) if text(row, "kind") in KINDS else None
    message = text(row, "message")
    result = Result(
        outcome=outcome,
        code=text(row, "code"),
        message=message,
        auth_code=text(row, "auth_code"),
        gateway_ref=text(row, "id"),
        amount=whole(row, "amount"),
        currency=text(row, "currency"),
        avs=cast("Avs", avs) if avs in get_args(Avs) else None,
        cvv=cast("Cvv", cvv) if cvv in get_args(Cvv) else None,
        last4=text(row, "last4"),
        brand=text(row, "brand"),
        captured=said,
        warning=(message or "The gateway warns of fraud.") if status == "review" else None,
        retry="same_key" if outcome == "unknown" else "no",
        refs={name: value for name in names if (value := text(row, name))},
    )
    return Finding(
        result=result,
        kind=kind,
        our_id=text(row, "our_id"),
        of=text(row, "charge"),
        at=moment(text(row, "at")),
        can_void=found if isinstance(found := child(row, "can_void"), bool) else None,
        can_refund=found if isinstance(found := child(row, "can_refund"), bool) else None,
        refund_max=whole(row, "refund_max"),
        dispute=_dispute(row) if kind == "dispute" else None,
    )


def _dispute(row: object) -> Dispute:
    stage = text(row, "stage")
    return Dispute(
        reference=text(row, "id"),
        stage=cast("Stage", stage) if stage in get_args(Stage) else "opened",
        amount=whole(row, "amount"),
        withdrawn=whole(row, "withdrawn"),
        fee=whole(row, "fee"),
        currency=text(row, "currency"),
        reason=text(row, "reason"),
    )
