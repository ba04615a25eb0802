"""PayPal Orders v2: the payer approves on PayPal's page, and only our capture takes the money."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

import httpx
from pydantic import SecretStr

from payments.gateways import paypal_answers as answers
from payments.gateways import paypal_webhooks as webhooks
from payments.gateways.accounts import PayPalAccount
from payments.gateways.base import (
    NO_LOOKUP,
    UNSUPPORTED,
    Capabilities,
    Expected,
    Hosted,
    Order,
    Result,
    Return,
    Tokens,
    TokenStore,
    same_secret,
)
from payments.gateways.findings import agreed, compare
from payments.gateways.found import Finding, Findings, Webhook, all_of, failed
from payments.gateways.nested import read_json
from payments.gateways.oauth import InMemory, access_token, exchange_signed_in, post_form
from payments.gateways.paypal_report import report
from payments.gateways.paypal_requests import order_request, refund_request
from payments.gateways.port import Gateway
from payments.gateways.transport import Answer

NOTHING_NEW = ("requires_action", "not_found", "unknown", "error")


@dataclass(frozen=True)
class PayPal(Gateway):
    client: httpx.AsyncClient
    account: PayPalAccount
    tokens: TokenStore = field(default_factory=InMemory)

    capabilities = Capabilities(
        resend=timedelta(hours=6),
        complete_moves_money=True,
        webhooks=True,
        list_transactions=True,
        currencies=frozenset(("AUD", "CAD", "EUR", "GBP", "JPY", "MXN", "NZD", "USD")),
    )

    async def start_hosted(self, order: Order, *, return_url: str, cancel_url: str) -> Hosted | Result:
        if order.authorize_only:
            return UNSUPPORTED
        body = order_request(order, return_url, cancel_url)
        answer = await self._call("POST", "/v2/checkout/orders", body, request_id=order.request_id)
        if isinstance(answer, Result):
            return answer
        opened = answers.order(answer)
        if opened.outcome != "requires_action" or not opened.gateway_ref or not opened.redirect_url:
            return (
                opened if opened.outcome == "error" else replace(opened, outcome="unknown", retry="same_key")
            )
        secret = SecretStr(opened.gateway_ref)
        return Hosted(redirect_url=opened.redirect_url, order_ref=opened.gateway_ref, return_secret=secret)

    def complete_return(self, query: Mapping[str, str], expected: Expected) -> Return:
        """`token` is the order's id, on the way back from a cancel too; only an approval names a PayerID."""
        verified = same_secret(query.get("token"), expected.return_digest)
        return Return(verified=verified, canceled=verified and not query.get("PayerID"))

    async def complete(self, expected: Expected, *, request_id: str) -> Result:
        """Captures the order. Captured already is looked up: mostly it was us."""
        if not expected.order_ref:
            return UNSUPPORTED
        path = f"/v2/checkout/orders/{quote(expected.order_ref, '')}/capture"
        # not the id that opened the order: PayPal answers a known id with what its first call did
        answer = await self._call("POST", path, {}, request_id=f"{request_id}-capture")
        if isinstance(answer, Result):
            return answer
        result = answers.captured(answer, expected.order_ref)
        if result.code == "ORDER_ALREADY_CAPTURED" or (result.outcome == "unknown" and result.kind is None):
            found = await self.lookup(expected)
            looked = result if isinstance(found, Result) else compare(found, expected)
            return result if looked.outcome in NOTHING_NEW else looked
        return agreed(result, result.refs.get("our_id"), expected)

    async def refund(
        self, gateway_ref: str, amount: int, currency: str, *, request_id: str, short_ref: str = ""
    ) -> Result:
        body = refund_request(amount, currency, request_id)
        path = f"/v2/payments/captures/{quote(gateway_ref, '')}/refund"
        answer = await self._call("POST", path, body, request_id=request_id)
        return answer if isinstance(answer, Result) else answers.refund(answer)

    async def lookup(self, expected: Expected) -> Findings | Result:
        """By order: its captures and refunds, or the order itself while nothing is captured. An order that
        PayPal gave us and does not know now may be another account's: that says nothing."""
        charge = expected.gateway_ref if expected.kind == "sale" else expected.charge_ref
        if expected.order_ref:
            path, read = f"/v2/checkout/orders/{quote(expected.order_ref, '')}", answers.order_findings
        elif charge:
            path, read = f"/v2/payments/captures/{quote(charge, '')}", answers.capture_findings
        else:
            return NO_LOOKUP
        answer = await self._call("GET", path)
        return failed(answer) if isinstance(answer, Result) else read(answer)

    async def close_hosted(self, order_ref: str) -> Result:
        """PayPal has no call for it: an order that we do not capture takes no money."""
        return Result(outcome="canceled")

    async def parse_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Webhook:
        """PayPal itself is asked whether it signed exactly these bytes; if it does not answer, the outcome is
        unknown and the sender is to try again later."""
        question = webhooks.verification(
            body, headers, self.account.webhook_id, urlsplit(self.account.base_url)
        )
        if question is None:
            return webhooks.REJECTED
        path = "/v1/notifications/verify-webhook-signature"
        answer = await self._call("POST", path, content=question)
        verified = answer if isinstance(answer, Result) else webhooks.verified(answer)
        return (
            webhooks.webhook(read_json(body)) if verified.outcome == "approved" else Webhook(result=verified)
        )

    async def list_transactions(self, start: datetime, end: datetime) -> Findings | Result:
        """PayPal's own report lags by hours; spans over 31 days are refused by it."""
        span = {"start_date": f"{start:%Y-%m-%dT%H:%M:%SZ}", "end_date": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
        found: list[Finding | None] = []
        page, pages = 1, 1
        while page <= pages:
            query = urlencode({**span, "fields": "transaction_info", "page_size": "500", "page": str(page)})
            answer = await self._call("GET", f"/v1/reporting/transactions?{query}")
            rows, pages = (answer, 0) if isinstance(answer, Result) else report(answer)
            if isinstance(rows, Result):
                return failed(rows)
            found, page = [*found, *rows], page + 1
        return all_of(found)

    async def check_connection(self) -> Result:
        token = await access_token(self.tokens, self._renew)
        return token if isinstance(token, Result) else Result(outcome="approved")

    async def _renew(self, known: Tokens | None) -> Tokens | Result:
        url, account = f"{self.account.base_url.rstrip('/')}/v1/oauth2/token", self.account
        form = {"grant_type": "client_credentials"}
        return await post_form(self.client, url, account.client_id, account.client_secret, form)

    async def _call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content: bytes | None = None,
        request_id: str | None = None,
    ) -> Answer | Result:
        content = content if body is None else json.dumps(body).encode()
        headers = {
            "Prefer": "return=representation",
            **({"PayPal-Request-Id": request_id} if request_id else {}),
        }
        url = self.account.base_url.rstrip("/") + path
        return await exchange_signed_in(self.client, self.tokens, self._renew, method, url, headers, content)
