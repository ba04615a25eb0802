"""What MERCHANTWARE's Reporting service says: the way out of a call whose answer was lost."""

from dataclasses import replace
from datetime import datetime

from payments.gateways.base import Result, What
from payments.gateways.found import Finding, Findings, all_of, failed
from payments.gateways.merchantware_answers import amount_of, card_of, checks_of, refused, status
from payments.gateways.money import from_text
from payments.gateways.nested import child, children, moment, text
from payments.gateways.soap import outcome
from payments.gateways.transport import UNREADABLE, Answer

ROW = "TransactionReference4"
KINDS: dict[str, What] = {
    "1": "sale",
    "4": "sale",
    "8": "sale",
    "5": "hold",
    "9": "capture",
    "2": "refund",
    "3": "void",
}


def rows(answer: Answer | Result, operation: str) -> Findings | Result:
    """A list of the Reporting service; none, one and many look different in XML, not here. An error may
    stand in a row: then it is the answer to the question, and no transaction."""
    found = outcome(answer, operation, many=(ROW,))
    if isinstance(found, Result):
        return failed(found)
    listed = children(found, ROW)
    for each in (found, *listed):
        wrong = text(each, "ErrorMessage")
        if wrong and text(each, "ApprovalStatus") is None:
            return failed(refused(wrong))
    strange = [name for name in found if not name.startswith("@") and name not in (ROW, "ErrorMessage")]
    return all_of([*map(_row, listed), *(None for _ in strange)])


def _row(row: object) -> Finding | None:
    """None where it does not say what it is, or what became of it."""
    token, words = text(row, "Token"), text(row, "ApprovalStatus")
    kind = KINDS.get(text(row, "TransactionType") or "")
    if kind is None or words is None:
        return None
    said = status(words, token)
    approved = said.outcome == "approved"
    result = replace(
        said,
        message=None if approved else said.message,
        auth_code=text(row, "AuthorizationCode") if approved else None,
        gateway_ref=token,
        captured=_taken(kind) if approved else None,
        **card_of(row),
        **amount_of(row, "Amount"),
    )
    return Finding(result=result, kind=kind, our_id=text(row, "MerchantTransactionId"), at=_moment(row))


def _taken(kind: What) -> bool | None:
    return {"sale": True, "capture": True, "hold": False}.get(kind)


def detail(answer: Answer | Result, operation: str) -> Findings | Result:
    """One transaction with all that was done to it, and what can still be done."""
    found = outcome(answer, operation)
    if isinstance(found, Result):
        return failed(found)
    if not any(not name.startswith("@") for name in found):
        return Findings()
    words, token = text(found, "ApprovalStatus"), text(found, "Token")
    kind = KINDS.get(text(found, "TransactionType") or "")
    if words is None or kind is None:
        wrong = text(found, "ErrorMessage") if words is None else None
        return failed(refused(wrong)) if wrong else UNREADABLE
    actions, settled = child(found, "SupportedActions"), text(found, "IsTransactionSettled") == "true"
    said = status(words, token)
    approved = said.outcome == "approved"
    result = replace(
        said,
        message=None if approved else said.message,
        auth_code=text(found, "ApprovalCode") if approved else None,
        gateway_ref=token,
        captured=_taken(kind) if approved else None,
        **card_of(found),
        **amount_of(found, "AuthorizationAmount" if kind == "hold" else "TotalAmount"),
        **checks_of(text(found, "AvsResponse"), text(found, "CvvResponse")),
    )
    if result.amount is None:
        result = replace(result, **amount_of(found, "TotalAmount"))
    charge = Finding(
        result=result,
        kind=kind,
        our_id=text(found, "MerchantTransactionId"),
        of=text(found, "OriginalToken"),
        at=_moment(found),
        settled=settled,
        can_void=text(actions, "VoidToken") is not None,
        can_refund=text(actions, "RefundToken") is not None,
        refund_max=from_text(text(actions, "RefundMaxAmount")),
    )
    return Findings(rows=(charge, *(_done_to(charge, found) if approved else ())))


def _done_to(charge: Finding, found: object) -> list[Finding]:
    """A captured hold and a voided charge are marks here, not rows."""
    after: list[Finding] = []
    token, about = charge.result.gateway_ref, Result(outcome="approved")
    if charge.kind == "hold" and text(found, "IsTransactionCaptured") == "true":
        refund_token = text(found, "SupportedActions", "RefundToken")
        taken = replace(about, gateway_ref=refund_token, captured=True, **amount_of(found, "TotalAmount"))
        after.append(Finding(result=taken, kind="capture", of=token))
    if text(found, "IsTransactionVoided") == "true":
        after.append(Finding(result=about, kind="void", of=token))
    return after


def _moment(row: object) -> datetime | None:
    """MERCHANTWARE states no zone; read as UTC it may be hours off."""
    return moment(text(row, "TransactionDate"))
