"""Money given back by hand."""

from typing import Any
from uuid import UUID

from shared.problems import conflict
from shared.work import Work

from payments.flows import books


async def refund_by_hand(work: Work[Any], *, payment_id: UUID, amount: int, reason: str, who: str) -> UUID:
    """The refund's id. Raises 404, and 409 for more than is left or for what a gateway took."""
    row = await books.locked_payment(work, payment_id)
    if row.operation_id is not None:
        raise conflict(
            "A gateway took this payment", "Refund its payment attempt, so that the card gets it back."
        )
    id = await books.give_back(work, payment_id=payment_id, amount=amount, who=who, reason=reason)
    work.audit(
        who=who, action="payment.refunded", subject=payment_id, after={"amount": amount, "reason": reason}
    )
    return id
