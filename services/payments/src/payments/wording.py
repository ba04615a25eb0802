"""What a payer is told; the gateway's own words are for staff."""

from payments.ledger import State


def for_payer(state: State) -> str:
    """One or two sentences. "You have not been charged" stands only where that is proved."""
    return _FOR_PAYER[state]


_FOR_PAYER: dict[State, str] = {
    "submitting": "We are working on your payment.",
    "requires_action": "Your payment is not finished.",
    "pending": "Your payment is on its way. We will tell you when it has arrived.",
    "authorized": "Your card was accepted. The amount is reserved and has not been taken yet.",
    "succeeded": "Thank you, your payment has arrived.",
    "declined": "Your payment was declined. You have not been charged. Try another card.",
    "failed": "Your payment could not be made. You have not been charged.",
    "unknown": "We are checking your payment. Please do not pay again.",
    "canceled": "The payment was ended before it was made. You have not been charged.",
    "expired": (
        "The payment page has expired. If you paid on it, we will find your payment and count it; "
        "ask us before you pay again."
    ),
    "voided": "Your payment was taken back. You have not been charged.",
    "void_pending": (
        "Your payment was declined. What was reserved or taken on your card is being given back. "
        "You can try another card."
    ),
    "needs_review": "We are checking your payment. Please do not pay again.",
}
"""`expired` is a page that the gateway could not be made to close: it may still be paid."""
