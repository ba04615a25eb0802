"""Gateways that answer from a file, and the accounts of the samples and of the simulated gateways."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
from payments.gateways import open_gateway
from payments.gateways.port import Gateway
from secrecy import SECRETS

ACCOUNTS: dict[str, dict[str, Any]] = {
    "merchantware": {
        "site_id": "SITE0001",
        "key": SECRETS["merchantware"],
        "name": "Example Merchant",
    },
    "qbms": {
        "connection_ticket": SECRETS["qbms"],
        "application_login": "app.example.test",
        "app_id": "000000001",
    },
    "quickbooks": {"client_id": "client", "client_secret": SECRETS["oauth"]},
    "paypal": {
        "client_id": "client",
        "client_secret": SECRETS["oauth"],
        "webhook_id": "9WEXAMPLE0042TEST",
        "base_url": "https://api-m.sandbox.paypal.com",
    },
    "stripe": {"secret_key": SECRETS["stripe"], "webhook_secret": SECRETS["stripe webhook"]},
    "sandbox": {"base_url": "http://sandbox.test", "webhook_secret": SECRETS["sandbox webhook"]},
}
ADDRESSES = {
    "merchantware": ("base_url", "transport_url"),
    "qbms": ("base_url", "paypage_url"),
    "quickbooks": ("base_url", "oauth_url"),
}
HEARD_WITH = {"sandbox": "webhook_secret", "paypal": "webhook_id", "stripe": "webhook_secret"}
"""What both sides of a webhook know."""
Handler = Callable[[httpx.Request], httpx.Response]


def account_at(name: str, url: str) -> dict[str, Any]:
    """The account of a simulated gateway that is at `url`."""
    return ACCOUNTS[name] | dict.fromkeys(ADDRESSES.get(name, ("base_url",)), url)


def gateway(name: str, answer: Handler, **settings: str) -> Gateway:
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return open_gateway(name, client, ACCOUNTS[name] | settings)


def answering(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Handler:
    """The same to everything; a question for a token is granted."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(("/oauth2/token", "/tokens/bearer")):
            return httpx.Response(200, json={"access_token": "A21AAEXAMPLE", "expires_in": 3600})
        return httpx.Response(status, content=body, headers=headers)

    return answer
