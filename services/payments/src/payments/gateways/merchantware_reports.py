"""What MERCHANTWARE's Reporting service says: the way out of a call whose answer was lost."""

from dataclasses import replace
from datetime import datetime

from payments.gateways.base import Finding, Result, What
from payments.gateways.merchantware_answers import amount_of, card_of, checks_of, refused, status
from payments.gateways.money import from_text
from payments.gateways.nested import child, children, moment, text
from payments.gateways.soap import outcome
from payments.gateways.transport import Answer

KINDS: dict[str, What] = {
    "1": "sale",
    "4": "sale",
    "8": "sale",
    "5": "authorization",
    "9": "capture",
    "2": "refund",
    "3": "void",
}
CAPTURED: dict[What, bool] = {"sale": True, "capture": True, "authorization": False}


def rows(answer: Answer | Result, operation: str) -> tuple[Finding, ...] | Result:
    """A list of the Reporting service; none, one and many look different in XML, not here."""
    found = outcome(answer, operation, many=("TransactionReference4",))
    if isinstance(found, Result):
        return found
    if wrong := text(found, "ErrorMessage"):
        return refused(wrong)
    return tuple(_row(row) for row in children(found, "TransactionReference4"))


def _row(row: object) -> Finding:
    token, kind = text(row, "Token"), KINDS.get(text(row, "TransactionType") or "", "other")
    said = status(text(row, "ApprovalStatus") or "", token)
    approved = said.outcome == "approved"
    result = replace(
        said,
        message=None if approved else said.message,
        auth_code=text(row, "AuthorizationCode") if approved else None,
        gateway_ref=token,
        captured=kind != "authorization"
        if approved and kind in ("sale", "authorization", "capture")
        else None,
        **card_of(row),
        **amount_of(row, "Amount"),
    )
    return Finding(result=result, kind=kind, our_id=text(row, "MerchantTransactionId"), at=_moment(row))


def detail(answer: Answer | Result, operation: str) -> tuple[Finding, ...] | Result:
    """One transaction, with what can still be done to it."""
    found = outcome(answer, operation)
    if isinstance(found, Result):
        return found
    words, token = text(found, "ApprovalStatus"), text(found, "Token")
    if words is None:
        wrong = text(found, "ErrorMessage")
        return refused(wrong) if wrong else ()
    actions, voided = child(found, "SupportedActions"), text(found, "IsTransactionVoided") == "true"
    kind = KINDS.get(text(found, "TransactionType") or "", "other")
    said = status(words, token)
    approved = said.outcome == "approved"
    result = replace(
        said,
        outcome="voided" if approved and voided else said.outcome,
        message=None if approved else said.message,
        auth_code=text(found, "ApprovalCode") if approved else None,
        gateway_ref=token,
        captured=text(found, "IsTransactionCaptured") == "true" if approved else None,
        **card_of(found),
        **amount_of(found, "TotalAmount"),
        **checks_of(text(found, "AvsResponse"), text(found, "CvvResponse")),
    )
    most = text(actions, "RefundMaxAmount")
    finding = Finding(
        result=result,
        kind=kind,
        our_id=text(found, "MerchantTransactionId"),
        at=_moment(found),
        settled=text(found, "IsTransactionSettled") == "true",
        voided=voided,
        can_void=text(actions, "VoidToken") is not None,
        can_refund=text(actions, "RefundToken") is not None,
        refund_max=from_text(most) if most else None,
    )
    return (finding,)


def _moment(row: object) -> datetime | None:
    """MERCHANTWARE states no zone; read as UTC it may be hours off."""
    return moment(text(row, "TransactionDate"))
