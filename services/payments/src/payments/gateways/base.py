"""The port to payment gateways: what is asked of one, and what it says, as plain data.

An adapter builds a request, sends it with a client that is given to it, and reads bytes. It never raises
for what a gateway says or fails to say, keeps nothing, and decides no policy. Amounts are integers in minor
units of the currency. There is no field for a card number or a security code, here or in any adapter.
"""

import hashlib
import hmac
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from pydantic import SecretStr

Outcome = Literal[
    "approved",  # it succeeded; for an authorisation the money is only held (`captured` is False)
    "declined",  # the gateway or the issuer said no: surely no money moved
    "duplicate",  # an equal transaction exists (`refs["duplicate_of"]`): look that one up, then decide
    "error",  # refused before processing, or never sent: surely this call moved no money
    "unknown",  # money may have moved: look up, never charge again
    "pending",  # the gateway will tell later
    "requires_action",  # the payer has still to act, at `redirect_url` where there is one
    "not_found",  # the gateway answered, and surely has no such thing
    "canceled",  # the hosted page was left or expired unpaid
    "voided",  # of a charge that is looked up: it was made, and taken back before it counted
    "needs_review",  # facts disagree: a person decides
    "rejected",  # a webhook or return that proves nothing and must change nothing
    "ignored",  # a webhook of no interest
]
"""What this call did. What the charge is stands beside it: `captured`, `warning`."""
Kind = Literal[
    "configuration",  # credentials, account, rights: tell the operator, not the payer
    "token_expired",  # the access token was refused, also after one renewal
    "reconnect_required",  # a person must connect the account again
    "unreachable",  # the request never left
    "unsupported",  # this gateway cannot do it: nothing was sent
    "no_answer",  # it was sent, and nothing came back
    "unreadable",  # what came back is not this gateway's answer, or not all of it could be read
    "busy",  # refused for now: the same request may be sent again later
    "refused",  # the gateway understood the question and did not answer it
]
What = Literal["sale", "hold", "capture", "void", "refund", "dispute"]
"""The operations that move money, or hold it."""
Avs = Literal["match", "address_only", "zip_only", "no_match", "unavailable"]
Cvv = Literal["match", "no_match", "unavailable"]
Retry = Literal["no", "lookup", "same_key", "redirect_payer", "wait", "after_fix"]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a call yielded. `code` and `message` are the gateway's own, for staff; `gateway_ref` is what a
    later capture, void or refund names. `avs` and `cvv` are None where the gateway said nothing of them.
    `warning`: the gateway did it, and warns of fraud or of a failed check, in its own words.
    `refs` holds further references by name (`duplicate_of`, `order_id`, `vault_token`, reconciliation
    fields, …)."""

    outcome: Outcome
    kind: Kind | None = None
    code: str | None = None
    message: str | None = None
    auth_code: str | None = None
    gateway_ref: str | None = None
    amount: int | None = None
    currency: str | None = None
    avs: Avs | None = None
    cvv: Cvv | None = None
    last4: str | None = None
    brand: str | None = None
    captured: bool | None = None
    warning: str | None = None
    redirect_url: str | None = None
    retry: Retry = "no"
    refs: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """`resend`: how long the gateway recognises a repeated `request_id`; None: never send twice.
    `find_by_our_id`: `lookup` needs nothing but our id. `abandon`: a request whose answer was lost can be
    voided by its `request_id`. `unpaid_is_refused`: it has no words for a page that nobody has paid, and
    refuses the look-up. `complete_moves_money`: after the payer's return `complete` takes the money
    (else it only looks). `currencies` empty: any."""

    hosted: bool = True
    browser_token: bool = False
    saved_cards: bool = False
    authorize: bool = False
    void: bool = False
    refund: bool = True
    partial_refund: bool = True
    resend: timedelta | None = None
    find_by_our_id: bool = False
    abandon: bool = False
    unpaid_is_refused: bool = False
    complete_moves_money: bool = False
    webhooks: bool = False
    list_transactions: bool = False
    currencies: frozenset[str] = frozenset({"USD"})


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be paid. `our_id`: the attempt, at most 32 of A-Z a-z 0-9 and dash. `request_id`: the
    operation, at most 50 of the same, new for every operation and the same for every resend of one.
    `short_ref`: 8 letters or digits. `description` and `merchant` are shown to the payer. `zip_code`,
    `street` and `name` prefill the page where the gateway can."""

    our_id: str
    request_id: str
    short_ref: str
    amount: int
    currency: str = "USD"
    description: str = ""
    invoice_number: str = ""
    merchant: str = ""
    customer_id: str = ""
    name: str = ""
    street: str = ""
    zip_code: str = ""
    authorize_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Hosted:
    """A page of the gateway. `return_secret` is what `complete_return` compares: keep
    `digest(return_secret)`. `expires_at` is None where the gateway does not say."""

    redirect_url: str
    order_ref: str
    return_secret: SecretStr
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a return or a look-up is held against: a charge of ours, or, where `kind` says so, a capture, void
    or refund of the charge that `charge_ref` names. `our_id` and `gateway_ref` are those of what is looked
    for; `gateway_ref` is None until the gateway has told one."""

    our_id: str
    amount: int
    currency: str = "USD"
    kind: What = "sale"
    order_ref: str | None = None
    gateway_ref: str | None = None
    charge_ref: str | None = None
    return_digest: str | None = None


@dataclass(frozen=True, kw_only=True)
class Return:
    """The payer's browser is back. A return proves nothing about money: when `verified`, call `complete`
    (with `gateway_ref`, the reference it names, in Expected) and believe that; when not, change nothing.
    `canceled`: the payer says so, which proves nothing either."""

    verified: bool
    canceled: bool = False
    gateway_ref: str | None = None


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """OAuth2. `refresh` rotates at some gateways: the new pair is stored before the access token is used."""

    access: SecretStr
    expires_at: datetime
    refresh: SecretStr | None = None
    refresh_expires_at: datetime | None = None


class TokenStore(Protocol):
    """Where tokens live between calls. `lock` shuts out every other renewal, in other processes too.
    `refused`: they cannot be renewed any more."""

    async def load(self) -> Tokens | None: ...
    async def save(self, tokens: Tokens) -> None: ...
    async def refused(self) -> None: ...
    def lock(self) -> AbstractAsyncContextManager[None]: ...


def digest(secret: SecretStr) -> str:
    return hashlib.sha256(secret.get_secret_value().encode()).hexdigest()


def same_secret(claimed: str | None, expected: str | None) -> bool:
    """Whether `claimed` is the secret whose `digest` was kept; takes the same time whatever it is."""
    known = hashlib.sha256((claimed or "").encode(errors="replace")).hexdigest()
    return hmac.compare_digest(known, expected or "") and bool(claimed)


UNSUPPORTED = Result(outcome="error", kind="unsupported", retry="after_fix")
NO_LOOKUP = Result(outcome="unknown", kind="unsupported", retry="lookup")
