"""Stripe's disputes: what the payer's bank disputes, and how much of it is out of our hands."""

from payments.gateways.base import Result
from payments.gateways.found import Dispute, Finding, Stage
from payments.gateways.nested import children, epoch, text, whole


def dispute(body: object, *, event: str = "") -> Finding:
    """The sums that Stripe has moved for it so far say how much is withdrawn; where it leaves them out, the
    event's name or its status does."""
    moved, amount = children(body, "balance_transactions"), whole(body, "amount")
    sums = [each for row in moved if (each := whole(row, "amount")) is not None]
    fees = [fee for row in moved if (fee := whole(row, "fee")) is not None]
    withdrawn = -sum(sums) if sums and len(sums) == len(moved) else None
    if withdrawn is None:
        withdrawn = {"funds_withdrawn": amount, "funds_reinstated": 0}.get(event.rpartition(".")[2])
    stage = _stage(text(body, "status") or "", withdrawn)
    if withdrawn is None:
        withdrawn = {"won": 0, "lost": amount}.get(stage)
    ref, charge = text(body, "id"), text(body, "payment_intent") or text(body, "charge")
    about = Dispute(
        reference=ref,
        stage=stage,
        amount=amount,
        withdrawn=withdrawn,
        fee=sum(fees) if fees else None,
        currency=currency_of(body),
        reason=text(body, "reason"),
    )
    said = Result(outcome="approved" if ref else "unknown", gateway_ref=ref, amount=amount)
    at = epoch(whole(body, "created"))
    return Finding(result=said, kind="dispute", of=charge, at=at, dispute=about)


def _stage(status: str, withdrawn: int | None) -> Stage:
    if status in ("won", "lost"):
        return "won" if status == "won" else "lost"
    if withdrawn is not None:
        return "withdrawn" if withdrawn else "reinstated"
    return "won" if status in ("warning_closed", "prevented") else "opened"


def currency_of(body: object) -> str | None:
    return (text(body, "currency") or "").upper() or None
