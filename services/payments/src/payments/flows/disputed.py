"""Disputes: what is withdrawn for them leaves the books, what is won comes back."""

from typing import Any
from uuid import UUID

from shared.db import Row, uuid7
from shared.work import Work
from sqlalchemy import insert, select, update

from payments import disputes
from payments.flows import books
from payments.flows.operations import money_of, operations_of
from payments.flows.regained import take_back
from payments.flows.traces import Heard, insert_operation, note, raise_alert
from payments.gateways.found import Dispute
from payments.gateways.money import with_currency
from payments.models import dispute, operation


async def hear_dispute(work: Work[Any], *, row: Row, payment_id: UUID, said: Dispute, heard: Heard) -> None:
    """What a gateway tells of a dispute of the locked attempt, whose money is booked. Any order and
    repetition leads to the same books. A person is told of every change."""
    reference = said.reference or heard.result.gateway_ref
    if reference is None:
        return
    if said.currency not in (None, row.currency):
        text = _money(
            "A dispute is in another currency than the payment: {}.", said.amount, said.currency or ""
        )
        await raise_alert(work, row, "dispute", f"{text} It is not in the books.")
        return
    known = await _known(work, row, reference, said)
    stages = disputes.told(known.stages, said.stage, said.withdrawn)
    amount = max(filter(None, (known.amount, said.amount)), default=None)
    values: dict[str, Any] = {
        "stages": stages,
        "state": disputes.state_of(stages),
        "amount": amount,
        "withdrawn": disputes.withdrawn_of(stages, amount),
        "fee": max((fee for fee in (known.fee, said.fee) if fee is not None), default=None),
        "reason": known.reason or said.reason,
    }
    if all(values[name] == getattr(known, name) for name in values) and known.stages:
        return
    changed = {**values, "version": known.version + 1, "updated_at": work.now}
    await work.session.execute(update(dispute).where(dispute.c.id == known.id).values(changed))
    await note(
        work,
        row,
        f"dispute_{said.stage}",
        heard,
        amount=values["withdrawn"],
        details={"reference": reference, "amount": values["amount"], "fee": values["fee"]},
    )
    missing = await _book(work, row, payment_id, reference, heard)
    await _alert(work, row, reference, values, missing)


async def _known(work: Work[Any], row: Row, reference: str, said: Dispute) -> Row:
    query = select(dispute).where(dispute.c.attempt_id == row.id, dispute.c.reference == reference)
    found = (await work.session.execute(query)).one_or_none()
    if found is not None:
        return found
    new = {"id": uuid7(), "version": 0, "attempt_id": row.id, "reference": reference}
    new |= {"named": said.reference is not None, "state": "opened", "withdrawn": 0, "stages": {}}
    new |= {"currency": row.currency, "opened_at": work.now, "updated_at": work.now}
    return (await work.session.execute(insert(dispute).values(new).returning(dispute))).one()


async def _book(work: Work[Any], row: Row, payment_id: UUID, reference: str, heard: Heard) -> int:
    """Brings the books to what is withdrawn now. Returns what could not be booked because the rest of the
    payment had gone back already."""
    query = select(dispute).where(dispute.c.attempt_id == row.id)
    cases = [
        disputes.Case(each.named, each.amount, each.withdrawn, each.state in ("reinstated", "won"))
        for each in await work.session.execute(query)
    ]
    left = money_of(await operations_of(work, row.id))
    wanted = disputes.out_of_hands(cases) - left.disputed
    new = min(wanted, max(left.refundable, 0))
    if new == 0:
        return max(wanted, 0)
    kind = "dispute" if new > 0 else "reinstate"
    reason = f"dispute {reference}"[:200]
    id = await insert_operation(work, row.id, kind, abs(new), due=None, reason=reason)
    done = {"state": "succeeded", "gateway_ref": reference}
    await work.session.execute(update(operation).where(operation.c.id == id).values(done))
    about: dict[str, Any] = {
        "payment_id": payment_id,
        "kind": "reversal",
        "operation_id": id,
        "who": heard.who,
    }
    if new > 0:
        await books.give_back(work, amount=new, **about)
        return wanted - new
    excess = await take_back(work, amount=-new, **about)
    if excess:
        text = _money("{} of it is credit: the invoice was paid meanwhile.", excess, row.currency)
        await raise_alert(work, row, "credit", f"Money came back after a dispute. {text}")
    return 0


_SAID = {
    "opened": "The payer disputes {}.",
    "withdrawn": "The payer disputes {}, and the gateway has withdrawn it.",
    "reinstated": "The gateway has given back what it had withdrawn for a dispute of {}.",
    "won": "A dispute of {} is won.",
    "lost": "A dispute of {} is lost.",
}


async def _alert(work: Work[Any], row: Row, reference: str, values: dict[str, Any], missing: int) -> None:
    parts = [_money(_SAID[values["state"]], values["amount"], row.currency)]
    if values["withdrawn"]:
        parts.append(_money("{} is out of our hands.", values["withdrawn"], row.currency))
    if values["fee"]:
        parts.append(_money("The gateway charges {} for it.", values["fee"], row.currency))
    if missing:
        parts.append(
            _money(
                "{} is more than was left of the payment: our books do not show it.", missing, row.currency
            )
        )
    if disputes.contradictory(values["stages"]):
        parts.append("The gateway said both that it is lost and that money came back: compare its own page.")
    await raise_alert(work, row, "dispute", f"{' '.join(parts)} Reference {reference}.")


def _money(text: str, amount: int | None, currency: str) -> str:
    return text.format("an unknown amount" if amount is None else with_currency(amount, currency))
