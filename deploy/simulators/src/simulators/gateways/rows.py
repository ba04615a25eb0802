"""The rows of a simulated gateway's ledger."""

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, Field

Kind = Literal["sale", "authorization", "capture", "void", "refund", "dispute"]
Status = Literal["approved", "declined", "pending", "review", "duplicate", "voided", "failed"]
Stage = Literal["opened", "withdrawn", "won", "lost"]


def now() -> datetime:
    """The time of all simulated gateways; a test may move it."""
    return datetime.now(UTC)


class Refused(Exception):
    """The gateway says no before it does anything."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Transaction(BaseModel):
    """`charge` is what a capture, void, refund or dispute belongs to; `request_id` is the sender's key. Of a
    dispute `amount` is what is disputed, `withdrawn` what the merchant has lost by it so far, without the
    `fee`."""

    id: str
    kind: Kind
    status: Status
    amount: int
    currency: str
    our_id: str
    request_id: str | None = None
    order: str | None = None
    charge: str | None = None
    auth_code: str | None = None
    code: str | None = None
    message: str | None = None
    last4: str | None = None
    brand: str | None = None
    avs: str | None = None
    cvv: str | None = None
    duplicate_of: str | None = None
    settled: bool = False
    stage: Stage | None = None
    withdrawn: int | None = None
    fee: int | None = None
    at: datetime = Field(default_factory=lambda: now())


class Order(BaseModel):
    """A page that waits for the payer. `returned` is the gateway's own key of the page."""

    id: str
    our_id: str
    amount: int
    currency: str
    description: str = ""
    merchant: str = ""
    return_url: str = ""
    cancel_url: str = ""
    secret: str
    request_id: str | None = None
    authorize_only: bool = False
    status: Literal["open", "agreed", "paid", "canceled"] = "open"
    card: str = "visa 4242"
    created: datetime = Field(default_factory=lambda: now())


def cents(text: object) -> int:
    """Decimal text in minor units. Raises Refused where it is no amount with two decimals."""
    whole, _, rest = str(text or "").partition(".")
    if not (whole.isdigit() and rest.isdigit() and len(rest) == 2):
        raise Refused("amount", "Amount is not valid.")
    return int(whole) * 100 + int(rest)
