"""A second charge that the gateway took under one of our payments."""

import secrets
from typing import Any

from shared.db import Row, uuid7
from shared.work import Work
from sqlalchemy import insert, select

from payments import ledger
from payments.flows import books
from payments.flows.traces import Heard, insert_operation, named, note, raise_alert, wake_news
from payments.gateways.money import with_currency
from payments.models import alert, attempt

LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0 O 1 I: people read them out


def short_reference() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(8))


async def second_charge(work: Work[Any], row: Row, change: ledger.Change, heard: Heard) -> None:
    """Becomes an attempt of its own, which pays no invoice: the money is the customer's credit and can be
    refunded like any other. The reference makes it one, however often it is told."""
    if not change.money and change.alert:
        await _once(work, row, change.alert, f"{change.reason} ({named(row)})")
        return
    result, id = heard.result, uuid7()
    currency = result.currency or row.currency
    new = {
        **{name: row._mapping[name] for name in ("debtor_id", "account_id", "gateway", "channel")},
        "id": id,
        "version": 1,
        "short_ref": short_reference(),
        "kind": "sale",
        "state": "succeeded",
        "amount": change.money,
        "currency": currency,
        "caller": heard.who,
        "checks": 0,
        "not_found": 0,
        "gateway_ref": result.gateway_ref,
        "brand": result.brand,
        "last4": result.last4,
        "extra": {"second_of": str(row.id)},
        "created_at": work.now,
        "updated_at": work.now,
    }
    made = (await work.session.execute(insert(attempt).values(new).returning(attempt))).one()
    done = {"state": "succeeded", "gateway_ref": result.gateway_ref, "reason": "second charge"}
    operation_id = await insert_operation(work, id, "sale", change.money, due=None, **done)
    await note(work, made, "second_charge", heard, amount=change.money, details={"of": str(row.id)})
    await books.receive(
        work,
        debtor_id=row.debtor_id,
        shares={},
        who=heard.who,
        method="paypal" if row.gateway == "paypal" else "card",
        amount=change.money,
        currency=currency,
        operation_id=operation_id,
        gateway=row.gateway,
        brand=result.brand,
        last4=result.last4,
        reference=result.gateway_ref,
    )
    await wake_news(work, made, result.gateway_ref)
    text = (
        f"The gateway charged a second time: {with_currency(change.money, currency)}, reference "
        f"{result.gateway_ref} ({named(row)}). It is the customer's credit now; "
        f"POST /v1/payment-attempts/{id}/refund gives it back."
    )
    await raise_alert(work, made, "second_charge", text)


async def _once(work: Work[Any], row: Row, kind: str, text: str) -> None:
    known = select(alert.c.id).where(alert.c.attempt_id == row.id, alert.c.kind == kind, alert.c.text == text)
    if (await work.session.execute(known)).first() is None:
        await raise_alert(work, row, kind, text)
