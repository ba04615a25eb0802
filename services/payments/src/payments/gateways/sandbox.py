"""The sandbox: a gateway that needs no account and moves no money, for trying everything else out.

Its protocol is our own: JSON, an Idempotency-Key that is honoured, and webhooks signed as Stripe signs them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import httpx
from pydantic import SecretStr

from payments.gateways.accounts import SandboxAccount
from payments.gateways.base import (
    Capabilities,
    Expected,
    Hosted,
    Order,
    Result,
    Return,
    same_secret,
)
from payments.gateways.findings import compare
from payments.gateways.found import Findings, Webhook, failed
from payments.gateways.nested import child, moment, read_json, text, whole
from payments.gateways.port import Gateway
from payments.gateways.sandbox_answers import finding, findings, judge
from payments.gateways.stripe_answers import signed
from payments.gateways.transport import UNREADABLE, exchange

SIGNATURE = "sandbox-signature"


@dataclass(frozen=True)
class Sandbox(Gateway):
    client: httpx.AsyncClient
    account: SandboxAccount

    capabilities = Capabilities(
        browser_token=True,
        saved_cards=True,
        authorize=True,
        void=True,
        resend=timedelta(hours=24),
        find_by_our_id=True,
        abandon=True,
        webhooks=True,
        list_transactions=True,
        currencies=frozenset(),
    )

    async def start_hosted(self, order: Order, *, return_url: str, cancel_url: str) -> Hosted | Result:
        urls = {"return_url": return_url, "cancel_url": cancel_url}
        answer = await self._call("POST", "orders", _asked(order) | urls, key=order.request_id)
        if isinstance(answer, Result):
            return answer
        ref, url, secret = (text(answer, name) for name in ("id", "url", "secret"))
        if not ref or not url or not secret:
            return replace(UNREADABLE, retry="same_key")
        expires = moment(text(answer, "expires_at"))
        return Hosted(redirect_url=url, order_ref=ref, return_secret=SecretStr(secret), expires_at=expires)

    def complete_return(self, query: Mapping[str, str], expected: Expected) -> Return:
        verified = same_secret(query.get("secret"), expected.return_digest)
        return Return(verified=verified, canceled=verified and query.get("status") == "canceled")

    async def complete(self, expected: Expected, *, request_id: str) -> Result:
        found = await self.lookup(expected)
        return found if isinstance(found, Result) else compare(found, expected)

    async def charge_token(self, order: Order, token: SecretStr, *, saved: bool = False) -> Result:
        asked = {"card" if saved else "token": token.get_secret_value()}
        return await self._result("POST", "charges", _asked(order) | asked, key=order.request_id)

    async def capture(self, gateway_ref: str, amount: int, currency: str, *, request_id: str) -> Result:
        return await self._on(gateway_ref, "capture", {"amount": amount, "currency": currency}, request_id)

    async def void(
        self, gateway_ref: str, *, request_id: str, held: bool = False, charged_by: str = ""
    ) -> Result:
        return await self._on(gateway_ref, "void", {}, request_id)

    async def refund(
        self, gateway_ref: str, amount: int, currency: str, *, request_id: str, short_ref: str = ""
    ) -> Result:
        return await self._on(gateway_ref, "refunds", {"amount": amount, "currency": currency}, request_id)

    async def abandon(self, request_id: str) -> Result:
        return await self._result("POST", f"requests/{quote(request_id, '')}/void", {})

    async def lookup(self, expected: Expected) -> Findings | Result:
        """By reference with all that was done to the charge, else by our id."""
        ref = expected.gateway_ref if expected.kind == "sale" else expected.charge_ref
        return await self._list({"gateway_ref": ref} if ref else {"our_id": expected.our_id})

    async def close_hosted(self, order_ref: str) -> Result:
        return await self._result("POST", f"orders/{quote(order_ref, '')}/close", {})

    async def save_card(self, gateway_ref: str, customer_id: str, *, request_id: str) -> Result:
        return await self._on(gateway_ref, "card", {"customer_id": customer_id}, request_id)

    async def forget_card(self, token: SecretStr, customer_id: str) -> Result:
        return await self._result("DELETE", f"cards/{quote(token.get_secret_value(), '')}")

    async def parse_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Webhook:
        header = next((value for name, value in headers.items() if name.lower() == SIGNATURE), "")
        event = read_json(body) if signed(body, header, self.account.webhook_secret, now) else None
        if not isinstance(event, dict):
            return Webhook(result=Result(outcome="rejected"))
        found = finding(child(event, "transaction"))
        result = found.result
        if text(event, "transaction", "status") == "voided":
            result = replace(result, outcome="voided", captured=None)
        return Webhook(
            result=result,
            kind=found.kind,
            external_id=text(event, "id"),
            type=text(event, "type"),
            our_id=found.our_id,
            order_ref=result.refs.get("order"),
            charge_ref=result.refs.get("charge") or result.gateway_ref,
            refunded_total=whole(event, "refunded_total"),
            dispute=found.dispute,
        )

    async def list_transactions(self, start: datetime, end: datetime) -> Findings | Result:
        return await self._list({"start": start.isoformat(), "end": end.isoformat()})

    async def check_connection(self) -> Result:
        answer = await self._call("GET", "transactions?our_id=none")
        return answer if isinstance(answer, Result) else Result(outcome="approved")

    async def _on(self, ref: str, what: str, asked: Mapping[str, object], request_id: str) -> Result:
        return await self._result("POST", f"transactions/{quote(ref, '')}/{what}", asked, key=request_id)

    async def _list(self, query: Mapping[str, str]) -> Findings | Result:
        answer = await self._call("GET", f"transactions?{urlencode(query)}")
        return failed(answer) if isinstance(answer, Result) else findings(answer)

    async def _result(
        self, method: str, path: str, asked: Mapping[str, object] | None = None, *, key: str | None = None
    ) -> Result:
        answer = await self._call(method, path, asked, key=key)
        return answer if isinstance(answer, Result) else finding(answer).result

    async def _call(
        self, method: str, path: str, asked: Mapping[str, object] | None = None, *, key: str | None = None
    ) -> object:
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
        content = None if asked is None else json.dumps(asked).encode()
        url = f"{self.account.base_url.rstrip('/')}/{path}"
        answer = await exchange(self.client, method, url, headers=headers, content=content)
        return answer if isinstance(answer, Result) else judge(answer)


def _asked(order: Order) -> dict[str, object]:
    return {
        "our_id": order.our_id,
        "amount": order.amount,
        "currency": order.currency,
        "description": order.description,
        "merchant": order.merchant,
        "authorize_only": order.authorize_only,
    }
