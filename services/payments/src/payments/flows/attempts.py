"""Attempts begun: the invoices are locked and taken, and all is committed before a gateway is called."""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.db import Row, uuid7
from shared.problems import Problem, conflict, not_found
from shared.work import Work
from sqlalchemy import insert, select

from payments import schedule
from payments.flows.books import locked_invoices
from payments.flows.seconds import short_reference
from payments.flows.traces import Heard, insert_operation, note
from payments.gateways.base import Result
from payments.models import attempt, attempt_invoice, operation, saved_card
from payments.queries.invoices import whole
from payments.queries.merges import survivors
from payments.wording import for_payer


def hashed(*parts: object) -> str:
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()


async def replayed(work: Work[Any], *, caller: str, key: str, request_hash: str) -> Row | None:
    """The operation that this Idempotency-Key made before. Raises 422 where the request was another."""
    query = select(operation).where(operation.c.caller == caller, operation.c.idempotency_key == key)
    found = (await work.session.execute(query)).one_or_none()
    if found is not None and found.request_hash != request_hash:
        raise Problem(422, "This Idempotency-Key was used for another request", "Use a new key.")
    return found


async def begin(
    work: Work[Any],
    *,
    account: Row,
    shares: Mapping[UUID, int | None],
    kind: str,
    channel: str,
    caller: str,
    key: str,
    request_hash: str,
    return_to: str | None = None,
    extra: dict[str, Any] | None = None,
    card_id: UUID | None = None,
) -> tuple[UUID, bool]:
    """Begins an attempt to pay `shares` (None: all that is left of that invoice), with a saved card where
    `card_id` names one: its id, and whether it is new. Raises 404 (also for another customer's card), 409
    where an invoice cannot be paid or another attempt is open, 422."""
    invoices = await locked_invoices(work, shares)
    known = await replayed(work, caller=caller, key=key, request_hash=request_hash)
    if known is not None:
        return known.attempt_id, False
    if len(invoices) < len(shares) or not shares:
        raise Problem(404, "No such invoice")
    rows = [row for row, _ in invoices.values()]
    now = await survivors(work.session, [row.debtor_id for row in rows])
    if len({(now[row.debtor_id], row.currency) for row in rows}) > 1:
        raise Problem(422, "Invoices of different customers or currencies are paid one by one")
    if card_id is not None:
        await _theirs(work, card_id, account.id, now[rows[0].debtor_id])
    shown = {each["id"]: each for each in await whole(work.session, rows)}
    parts = {id: _part(shown[id], share) for id, share in shares.items()}
    await _none_open(work, shares)
    id = uuid7()
    row = {
        "id": id,
        "version": 1,
        "short_ref": short_reference(),
        "debtor_id": now[rows[0].debtor_id],
        "account_id": account.id,
        "gateway": account.gateway,
        "kind": kind,
        "channel": channel,
        "state": "submitting",
        "amount": sum(parts.values()),
        "currency": rows[0].currency,
        "caller": caller,
        "return_to": return_to,
        "extra": {**(extra or {}), **({"card": str(card_id)} if card_id else {})},
        "checks": 0,
        "not_found": 0,
        "next_check_at": schedule.next_check("submitting", 0, work.now),
        "created_at": work.now,
        "updated_at": work.now,
    }
    made = (await work.session.execute(insert(attempt).values(row).returning(attempt))).one()
    taken = [{"attempt_id": id, "invoice_id": each, "amount": parts[each], "open": True} for each in parts]
    await work.session.execute(insert(attempt_invoice), taken)
    once = {"caller": caller, "idempotency_key": key, "request_hash": request_hash}
    await insert_operation(work, id, kind, sum(parts.values()), due=None, **once)
    heard = Heard(Result(outcome="requires_action"), "call", "api", caller)
    await note(
        work, made, "submitting", heard, amount=made.amount, details={"invoices": [str(i) for i in parts]}
    )
    work.audit(who=caller, action="attempt.begun", subject=id, after={"amount": made.amount, "kind": kind})
    return id, True


async def _theirs(work: Work[Any], card_id: UUID, account_id: UUID, debtor_id: UUID) -> None:
    """A saved card pays only for its own customer, and for those who were merged with him. Raises 404."""
    query = select(saved_card).where(
        saved_card.c.id == card_id, saved_card.c.account_id == account_id, ~saved_card.c.closed
    )
    card = (await work.session.execute(query.with_for_update())).one_or_none()
    if card is None or (await survivors(work.session, [card.debtor_id]))[card.debtor_id] != debtor_id:
        raise not_found("saved card")


def _part(shown: Mapping[str, Any], share: int | None) -> int:
    if not shown["payable"]:
        raise conflict(
            "This invoice cannot be paid", shown["not_payable_because"], invoice_id=str(shown["id"])
        )
    most = shown["collectable"]
    if share is not None and share > most:
        because = shown["withheld_because"]
        why = (
            f"The service fee is not to be collected. The warranty company says: {because}"
            if because
            else None
        )
        raise conflict("This is more than is left of the invoice", why or "Pay less.", balance=most)
    return most if share is None else share


async def _none_open(work: Work[Any], shares: Mapping[UUID, Any]) -> None:
    query = (
        select(attempt.c.id, attempt.c.state)
        .join_from(attempt, attempt_invoice, attempt_invoice.c.attempt_id == attempt.c.id)
        .where(attempt_invoice.c.invoice_id.in_(shares), attempt_invoice.c.open)
    )
    found = (await work.session.execute(query)).first()
    if found is None:
        return
    says, links = (
        for_payer(found.state),
        {"attempt_id": str(found.id), "checkout": f"/v1/checkouts/{found.id}"},
    )
    if found.state == "requires_action":
        says += " Go on with the page that `checkout` names, or cancel that payment and begin again."
        links["cancel"] = f"/v1/checkouts/{found.id}/cancel"
    raise conflict("A payment of this invoice is under way", says, **links)
