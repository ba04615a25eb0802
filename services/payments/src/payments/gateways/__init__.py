"""Payment gateways: one port, one adapter each."""

from collections.abc import Mapping

import httpx

from payments.gateways.accounts import (
    Account,
    MerchantwareAccount,
    PayPalAccount,
    QbmsAccount,
    QuickBooksAccount,
    SandboxAccount,
    StripeAccount,
)
from payments.gateways.base import TokenStore
from payments.gateways.merchantware import Merchantware
from payments.gateways.oauth import InMemory
from payments.gateways.paypal import PayPal
from payments.gateways.port import Gateway
from payments.gateways.qbms import Qbms
from payments.gateways.quickbooks import QuickBooks
from payments.gateways.sandbox import Sandbox
from payments.gateways.stripe import Stripe

ACCOUNTS: dict[str, type[Account]] = {
    "sandbox": SandboxAccount,
    "merchantware": MerchantwareAccount,
    "qbms": QbmsAccount,
    "quickbooks": QuickBooksAccount,
    "paypal": PayPalAccount,
    "stripe": StripeAccount,
}
WITHOUT_PAGE = frozenset({"quickbooks"})
"""Those that cannot take a card on a page of their own, which Pay Now needs."""


def open_gateway(
    name: str, client: httpx.AsyncClient, settings: Mapping[str, object], tokens: TokenStore | None = None
) -> Gateway:
    """The adapter for an account. `settings` are the fields of `ACCOUNTS[name]`; ValidationError if they
    are not. `tokens` is where access tokens are kept; without it this object keeps them. KeyError: no such
    gateway."""
    account = ACCOUNTS[name].model_validate(dict(settings))
    match account:
        case MerchantwareAccount():
            return Merchantware(client, account)
        case QbmsAccount():
            return Qbms(client, account)
        case QuickBooksAccount():
            return QuickBooks(client, account, tokens or InMemory())
        case PayPalAccount():
            return PayPal(client, account, tokens or InMemory())
        case StripeAccount():
            return Stripe(client, account)
        case SandboxAccount():
            return Sandbox(client, account)
        case _:
            raise KeyError(name)
