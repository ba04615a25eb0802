"""What was taken and given back, from the operations."""

from collections.abc import Iterable
from typing import NamedTuple

RESERVED = frozenset(("submitting", "unknown", "pending", "needs_review"))
"""An operation in one of these may have moved money."""


class Money(NamedTuple):
    """Of one attempt: what was taken, what went back, what is reserved for refunds on their way, and how much
    of what went back was withdrawn for disputes."""

    captured: int
    refunded: int
    reserved: int
    disputed: int

    @property
    def held(self) -> int:
        """What surely did not go back: no more than this can have been given back by somebody else, also
        while a refund of ours may have happened."""
        return self.captured - self.refunded

    @property
    def refundable(self) -> int:
        """What we may still give back."""
        return self.captured - self.refunded - self.reserved


def money(operations: Iterable[tuple[str, str, int]]) -> Money:
    """`operations` are (kind, state, amount). A void takes back all that was taken: of a hold, nothing.
    What is reinstated after a dispute is ours again."""
    rows = list(operations)
    captured = sum(
        amount for kind, state, amount in rows if kind in ("sale", "capture") and state == "succeeded"
    )
    refunded = reserved = disputed = 0
    for kind, state, amount in rows:
        back = {"refund": amount, "void": min(amount, captured)}.get(kind, 0)
        if state == "succeeded":
            refunded += back
            disputed += {"dispute": amount, "reinstate": -amount}.get(kind, 0)
        elif state in RESERVED:
            reserved += back
    return Money(captured, refunded + disputed, reserved, disputed)
