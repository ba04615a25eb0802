"""A cheque, or a bank payment, that is booked a second time by mistake."""

from typing import Any
from uuid import UUID

from shared.problems import Problem, not_found
from shared.work import Work
from sqlalchemy import func, select

from payments.models import customer, entry, payment
from payments.queries.merges import same_debtor


async def refuse_repeated(
    work: Work[Any], *, customer_id: UUID, method: str, reference: str | None, repeated: bool
) -> None:
    """Raises 404 for a customer nobody knows, and 409 where a payment of his with this method and reference
    is booked already and was not given back: a bounced cheque may come again. The customer's row is the lock,
    so that of two at once one is refused."""
    known = select(customer.c.id).where(customer.c.id == customer_id).with_for_update()
    if (await work.session.execute(known)).first() is None:
        raise not_found("customer")
    if not reference or not reference.strip() or method == "cash" or repeated:
        return
    query = (
        select(payment.c.id)
        .join_from(payment, entry, entry.c.payment_id == payment.c.id)
        .where(
            payment.c.debtor_id.in_(await same_debtor(work.session, customer_id)),
            payment.c.method == method,
            func.lower(func.trim(payment.c.reference)) == reference.strip().lower(),
        )
        .group_by(payment.c.id)
        .having(func.sum(entry.c.amount) > 0)
    )
    booked = (await work.session.execute(query)).scalars().first()
    if booked is not None:
        raise Problem(
            409,
            "A payment with this reference is booked already",
            "Look at it first. If this is another one, send it with `repeated`: true.",
            payment_id=str(booked),
        )
