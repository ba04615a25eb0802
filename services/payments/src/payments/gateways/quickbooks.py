"""QuickBooks Payments: the browser turns a card into a token at Intuit, and we charge the token once.

Access tokens live an hour; the refresh token changes with every renewal and is stored before it is used.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import quote, urlencode

import httpx
from pydantic import SecretStr

from payments.gateways import quickbooks_answers as answers
from payments.gateways.accounts import QuickBooksAccount
from payments.gateways.base import (
    NO_LOOKUP,
    UNSUPPORTED,
    Capabilities,
    Expected,
    Order,
    Result,
    Tokens,
    TokenStore,
)
from payments.gateways.found import Findings, failed
from payments.gateways.money import to_text
from payments.gateways.oauth import InMemory, basic, exchange_signed_in, post_form
from payments.gateways.port import Gateway
from payments.gateways.transport import Answer, exchange

SCOPE = "com.intuit.quickbooks.payment"
CONTEXT = {"mobile": "false", "isEcommerce": "true"}  # asked for since 2018


@dataclass(frozen=True)
class QuickBooks(Gateway):
    client: httpx.AsyncClient
    account: QuickBooksAccount
    tokens: TokenStore = field(default_factory=InMemory)

    capabilities = Capabilities(
        hosted=False,
        browser_token=True,
        authorize=True,
        void=True,
        resend=timedelta(hours=24),
        abandon=True,
    )

    async def charge_token(self, order: Order, token: SecretStr, *, saved: bool = False) -> Result:
        return await self._do("charges", charge_request(order, token, saved=saved), order.request_id)

    async def capture(self, gateway_ref: str, amount: int, currency: str, *, request_id: str) -> Result:
        body = {"amount": to_text(amount, currency), "context": CONTEXT}
        return await self._do(f"charges/{quote(gateway_ref, '')}/capture", body, request_id)

    async def void(
        self, gateway_ref: str, *, request_id: str, held: bool = False, charged_by: str = ""
    ) -> Result:
        """By the id of the request that charged, while the charge is not settled: Intuit has no other way.
        It is good once, and the same for every repeat."""
        return await self.abandon(charged_by) if charged_by else UNSUPPORTED

    async def refund(
        self, gateway_ref: str, amount: int, currency: str, *, request_id: str, short_ref: str = ""
    ) -> Result:
        body = {"amount": to_text(amount, currency), "description": short_ref, "context": CONTEXT}
        return await self._do(f"charges/{quote(gateway_ref, '')}/refunds", body, request_id)

    async def abandon(self, request_id: str) -> Result:
        return await self._do(f"txn-requests/{quote(request_id, '')}/void", None, f"{request_id[:45]}-void")

    async def lookup(self, expected: Expected) -> Findings | Result:
        """Only of a charge whose reference is known."""
        charge = expected.gateway_ref if expected.kind == "sale" else expected.charge_ref
        if not charge:
            return NO_LOOKUP
        answer = await self._call("GET", f"charges/{quote(charge, '')}")
        return failed(answer) if isinstance(answer, Result) else answers.findings(answer)

    async def check_connection(self) -> Result:
        """Reads a charge that does not exist: whoever may be told so is connected."""
        answer = await self._call("GET", "charges/CALLBOARDCHECK")
        found = answer if isinstance(answer, Result) else answers.result(answer)
        return Result(outcome="approved") if found.outcome == "not_found" else found

    async def connect(self, code: SecretStr, redirect_url: str) -> Tokens | Result:
        """The end of Connect to QuickBooks: turns the code that came back into the first tokens."""
        form = {
            "grant_type": "authorization_code",
            "code": code.get_secret_value(),
            "redirect_uri": redirect_url,
        }
        return await self._token(form)

    async def revoke(self, tokens: Tokens) -> Result:
        """Approved: Intuit takes them no more."""
        given = tokens.refresh or tokens.access
        headers = {
            "Authorization": basic(self.account.client_id, self.account.client_secret),
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        content = json.dumps({"token": given.get_secret_value()}).encode()
        url = f"{self.account.revoke_url.rstrip('/')}/v2/oauth2/tokens/revoke"
        answer = await exchange(self.client, "POST", url, headers=headers, content=content)
        if isinstance(answer, Result):
            return answer
        return Result(outcome="approved" if answer.status == 200 else "error", code=str(answer.status))

    async def _renew(self, known: Tokens | None) -> Tokens | Result:
        if known is None or known.refresh is None:
            return Result(outcome="error", kind="reconnect_required", retry="after_fix")
        fresh = await self._token(
            {"grant_type": "refresh_token", "refresh_token": known.refresh.get_secret_value()}
        )
        if isinstance(fresh, Result) or fresh.refresh is not None:
            return fresh
        return replace(fresh, refresh=known.refresh, refresh_expires_at=known.refresh_expires_at)

    async def _token(self, form: dict[str, str]) -> Tokens | Result:
        url, account = f"{self.account.oauth_url.rstrip('/')}/oauth2/v1/tokens/bearer", self.account
        return await post_form(self.client, url, account.client_id, account.client_secret, form)

    async def _do(self, path: str, body: object, request_id: str) -> Result:
        content = b"{}" if body is None else json.dumps(body).encode()
        answer = await self._call("POST", path, content, request_id)
        return answer if isinstance(answer, Result) else answers.result(answer)

    async def _call(
        self, method: str, path: str, content: bytes | None = None, request_id: str | None = None
    ) -> Answer | Result:
        path = path if path.startswith("/") else f"/quickbooks/v4/payments/{path}"
        headers = {
            "Accept": "application/json",
            **({"Request-Id": request_id} if request_id else {}),
        }
        url = self.account.base_url.rstrip("/") + path
        return await exchange_signed_in(self.client, self.tokens, self._renew, method, url, headers, content)


def charge_request(order: Order, token: SecretStr, *, saved: bool) -> dict[str, object]:
    return {
        "amount": to_text(order.amount, order.currency),
        "currency": order.currency,
        ("cardOnFile" if saved else "token"): token.get_secret_value(),
        "capture": not order.authorize_only,
        "description": order.description or order.short_ref,
        "context": CONTEXT,
    }


def connect_url(account: QuickBooksAccount, redirect_url: str, state: str) -> str:
    """Where a person connects the account. `state` comes back and must be the one that was given out. Intuit
    has no PKCE: the code is worth nothing without the client's secret."""
    query = {
        "client_id": account.client_id,
        "response_type": "code",
        "scope": SCOPE,
        "redirect_uri": redirect_url,
        "state": state,
    }
    return f"{account.connect_url}?{urlencode(query)}"
