"""The one interface that all gateways have; an adapter writes what its gateway can do."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from pydantic import SecretStr

from payments.gateways.base import (
    NO_LOOKUP,
    UNSUPPORTED,
    Capabilities,
    Expected,
    Hosted,
    Order,
    Result,
    Return,
)
from payments.gateways.found import Findings, Webhook


class Gateway:
    """An account at a gateway, with a client to reach it. What `capabilities` deny yields an error of the
    kind "unsupported" and sends nothing. Nothing here raises for an answer, or for none; nothing is sent
    twice."""

    capabilities: ClassVar[Capabilities]

    async def start_hosted(self, order: Order, *, return_url: str, cancel_url: str) -> Hosted | Result:
        """Opens a page where the payer types the card. Moves no money."""
        return UNSUPPORTED

    def complete_return(self, query: Mapping[str, str], expected: Expected) -> Return:
        """Judges the payer's return by its query; sends nothing."""
        return Return(verified=False)

    async def complete(self, expected: Expected, *, request_id: str) -> Result:
        """After a verified return, or when the gateway says that the payer has approved: takes the money
        where `complete_moves_money`, and looks otherwise."""
        return UNSUPPORTED

    async def charge_token(self, order: Order, token: SecretStr, *, saved: bool = False) -> Result:
        """Charges (or only authorises, as the order says) a one-time token of the gateway's script in the
        browser, or a saved card."""
        return UNSUPPORTED

    async def capture(self, gateway_ref: str, amount: int, currency: str, *, request_id: str) -> Result:
        return UNSUPPORTED

    async def void(
        self, gateway_ref: str, *, request_id: str, held: bool = False, charged_by: str = ""
    ) -> Result:
        """Takes a charge back whole before it counts. `held`: it is a hold that was not captured;
        `charged_by`: the request id of the call that made the charge."""
        return UNSUPPORTED

    async def refund(
        self, gateway_ref: str, amount: int, currency: str, *, request_id: str, short_ref: str = ""
    ) -> Result:
        """Gives `amount` back, never more and never "all that is left"; a full refund names the full
        amount."""
        return UNSUPPORTED

    async def abandon(self, request_id: str) -> Result:
        """Voids whatever came of a charge whose answer was lost: approved, or not_found if it never
        arrived."""
        return UNSUPPORTED

    async def lookup(self, expected: Expected) -> Findings | Result:
        """Everything the gateway has in its books of `expected`, by whichever of its ids this gateway
        searches by. A Result is the failure of the look-up itself: unknown, and its `kind` says why."""
        return NO_LOOKUP

    async def close_hosted(self, order_ref: str) -> Result:
        """Ends an unpaid page, so that another may be opened: canceled, or approved if it was paid
        meanwhile."""
        return UNSUPPORTED

    async def save_card(self, gateway_ref: str, customer_id: str, *, request_id: str) -> Result:
        """Keeps the card of an earlier payment at the gateway: `refs["vault_token"]`."""
        return UNSUPPORTED

    async def forget_card(self, token: SecretStr, customer_id: str) -> Result:
        return UNSUPPORTED

    async def parse_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Webhook:
        """Verifies the exact bytes received, then reads them."""
        return Webhook(result=Result(outcome="rejected"))

    async def list_transactions(self, start: datetime, end: datetime) -> Findings | Result:
        """All that happened from `start` until before `end`, each operation at its own time. A Result, and
        `complete` False, say that the list is not whole."""
        return NO_LOOKUP

    async def check_connection(self) -> Result:
        """Approved, or what is wrong with the account; moves no money."""
        return UNSUPPORTED
