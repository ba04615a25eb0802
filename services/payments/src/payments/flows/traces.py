"""What is written down of an attempt: its operations, its events, and alerts for a person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import structlog
from shared.db import Row, uuid7
from shared.work import Work
from sqlalchemy import and_, insert, or_, update

from payments import ledger
from payments.gateways.base import Result
from payments.gateways.money import with_currency
from payments.models import alert, operation, payment_event, webhook

log = structlog.get_logger()
Source = Literal["api", "return", "webhook", "janitor", "person", "books"]


@dataclass(frozen=True)
class Heard:
    """A result, of what it is one (`ledger.Asked`), by which way it came and who is behind it."""

    result: Result
    asked: ledger.Asked
    source: Source
    who: str


async def insert_operation(
    work: Work[Any], attempt_id: UUID, kind: str, amount: int, *, due: datetime | None, **more: Any
) -> UUID:
    """An operation that is about to be submitted; the janitor takes it up at `due`."""
    id = uuid7()
    row = {"id": id, "version": 1, "attempt_id": attempt_id, "kind": kind, "amount": amount, "checks": 0}
    row |= {"state": "submitting", "request_id": id.hex, "next_check_at": due, "not_found": 0}
    row |= {"created_at": work.now, "updated_at": work.now, **more}
    await work.session.execute(insert(operation), [row])
    return id


async def raise_alert(
    work: Work[Any], row: Row | None, kind: str, text: str, *, subject_id: UUID | None = None
) -> None:
    """`row` is the attempt that it is about, `subject_id` a difference or a gateway's call."""
    about = row.id if row is not None else None
    new = {"id": uuid7(), "version": 1, "kind": kind, "attempt_id": about, "text": text}
    new["subject_id"] = subject_id
    await work.session.execute(insert(alert), [{**new, "raised_at": work.now}])
    log.warning("payment_alert", kind=kind, attempt=str(about))


async def wake_news(work: Work[Any], row: Row, reference: str | None) -> None:
    """The attempt's money is booked: what gateways told of it before, and was kept, can be applied."""
    told_of_it = or_(
        webhook.c.attempt_id == row.id,
        and_(webhook.c.account_id == row.account_id, webhook.c.charge_ref == reference),
    )
    waits = webhook.c.state.in_(("received", "kept", "unmatched"))
    woken = update(webhook).where(told_of_it, waits).values(state="received", due_at=work.now)
    await work.session.execute(woken)
    work.wake("webhooks")


async def settle_alerts(work: Work[Any], subject_id: UUID, *, who: str, note: str | None) -> None:
    """What they were about is settled."""
    about = update(alert).where(alert.c.subject_id == subject_id, alert.c.settled_at.is_(None))
    values = {"settled_at": work.now, "settled_by": who, "note": note, "version": alert.c.version + 1}
    await work.session.execute(about.values(values))


async def answer_alerts(work: Work[Any], row: Row, who: str, *kinds: str) -> None:
    """What was open about this attempt before now has got its answer."""
    answered = update(alert).where(
        alert.c.attempt_id == row.id,
        alert.c.settled_at.is_(None),
        alert.c.kind.in_(kinds),
        alert.c.raised_at < work.now,
    )
    settled = {"settled_at": work.now, "settled_by": who, "version": alert.c.version + 1}
    await work.session.execute(answered.values(settled))


def named(row: Row) -> str:
    """A payment as staff find it."""
    return f"{with_currency(row.amount, row.currency)}, {row.gateway}, payment {row.short_ref}"


async def note(
    work: Work[Any],
    row: Row,
    what: str,
    heard: Heard,
    *,
    amount: int | None = None,
    operation_id: UUID | None = None,
    details: dict[str, Any],
) -> None:
    new = {"attempt_id": row.id, "operation_id": operation_id, "at": work.now, "source": heard.source}
    new |= {"what": what, "amount": amount, "who": heard.who, "details": details}
    await work.session.execute(insert(payment_event), [new])
