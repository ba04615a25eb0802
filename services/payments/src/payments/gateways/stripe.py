"""Stripe Checkout: a page of Stripe's, found again by its session."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import httpx
from pydantic import SecretStr

from payments.gateways import stripe_answers as answers
from payments.gateways.accounts import StripeAccount
from payments.gateways.base import (
    NO_LOOKUP,
    Capabilities,
    Expected,
    Hosted,
    Order,
    Result,
    Return,
    same_secret,
)
from payments.gateways.findings import compare
from payments.gateways.found import Finding, Findings, Webhook, all_of, failed
from payments.gateways.port import Gateway
from payments.gateways.stripe_balance import moved
from payments.gateways.stripe_objects import operations
from payments.gateways.transport import exchange

VERSION = "2026-06-24.dahlia"
CARD = "latest_charge"


@dataclass(frozen=True)
class Stripe(Gateway):
    client: httpx.AsyncClient
    account: StripeAccount

    capabilities = Capabilities(
        authorize=True,
        void=True,
        resend=timedelta(hours=24),
        webhooks=True,
        list_transactions=True,
        currencies=frozenset(),
    )

    async def start_hosted(self, order: Order, *, return_url: str, cancel_url: str) -> Hosted | Result:
        more = "&" if "?" in return_url else "?"
        price = "line_items[0][price_data]"
        form = {
            "mode": "payment",
            "client_reference_id": order.our_id,
            "line_items[0][quantity]": "1",
            f"{price}[currency]": order.currency.lower(),
            f"{price}[unit_amount]": str(order.amount),
            f"{price}[product_data][name]": order.description[:250] or "Payment",
            "success_url": f"{return_url}{more}session_id={{CHECKOUT_SESSION_ID}}",
            "cancel_url": cancel_url,
            "metadata[attempt_id]": order.our_id,
            "payment_intent_data[metadata][attempt_id]": order.our_id,
        }
        if order.authorize_only:
            form["payment_intent_data[capture_method]"] = "manual"
        answer = await self._call("POST", "checkout/sessions", form, key=order.request_id)
        if isinstance(answer, Result):
            return answer
        opened = answers.finding(answer)
        url, ref = opened.result.redirect_url, opened.result.refs.get("session_id")
        if opened.result.outcome != "requires_action" or not url or not ref:
            return Result(outcome="unknown", kind="unreadable", retry="same_key")
        expires = answers.expiry(answer)
        return Hosted(redirect_url=url, order_ref=ref, return_secret=SecretStr(ref), expires_at=expires)

    def complete_return(self, query: Mapping[str, str], expected: Expected) -> Return:
        return Return(verified=same_secret(query.get("session_id"), expected.return_digest))

    async def complete(self, expected: Expected, *, request_id: str) -> Result:
        found = await self.lookup(expected)
        return found if isinstance(found, Result) else compare(found, expected)

    async def capture(self, gateway_ref: str, amount: int, currency: str, *, request_id: str) -> Result:
        form = {"amount_to_capture": str(amount)}
        return await self._result(
            "POST", f"payment_intents/{quote(gateway_ref, '')}/capture", form, key=request_id
        )

    async def void(
        self, gateway_ref: str, *, request_id: str, held: bool = False, charged_by: str = ""
    ) -> Result:
        """Only what is not captured yet can be voided."""
        found = await self._result(
            "POST", f"payment_intents/{quote(gateway_ref, '')}/cancel", {}, key=request_id
        )
        return replace(found, outcome="approved") if found.outcome == "canceled" else found

    async def refund(
        self, gateway_ref: str, amount: int, currency: str, *, request_id: str, short_ref: str = ""
    ) -> Result:
        form = {"payment_intent": gateway_ref, "amount": str(amount), "metadata[refund_id]": request_id}
        return await self._result("POST", "refunds", form, key=request_id)

    async def lookup(self, expected: Expected) -> Findings | Result:
        """A charge by its session or intent, with what was done to it; refunds in the list of the charge's.
        A session that Stripe gave us and does not know now is another account's: that says nothing."""
        charge = expected.charge_ref if expected.kind != "sale" else expected.gateway_ref
        if expected.kind == "refund" and charge:
            return await self._listed("refunds", {"payment_intent": charge})
        if expected.kind == "sale" and expected.order_ref:
            path = _session(expected.order_ref)
        elif charge:
            path = f"payment_intents/{quote(charge, '')}?expand[]={CARD}"
        else:
            return NO_LOOKUP
        answer = await self._call("GET", path)
        return failed(answer) if isinstance(answer, Result) else answers.findings(answer)

    async def close_hosted(self, order_ref: str) -> Result:
        closed = await self._result("POST", f"checkout/sessions/{quote(order_ref, '')}/expire", {})
        if closed.outcome != "error":
            return closed
        answer = await self._call("GET", f"checkout/sessions/{quote(order_ref, '')}")  # it may be paid
        return closed if isinstance(answer, Result) else answers.finding(answer).result

    async def parse_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Webhook:
        """A session that is paid, or waits to be captured, is read whole: its event tells nothing of the
        checks of address and security code, nor that it is only held. Where it cannot be read now, the event
        counts as it is."""
        heard = answers.webhook(body, headers, self.account.webhook_secret, now)
        if heard.order_ref is None or heard.result.outcome not in ("approved", "pending"):
            return heard
        answer = await self._call("GET", _session(heard.order_ref))
        found = None if isinstance(answer, Result) else answers.finding(answer)
        if found is None or found.result.amount != heard.result.amount or found.our_id != heard.our_id:
            return heard
        known = found.result.outcome in ("approved", "pending")
        return replace(heard, result=found.result, kind=found.kind) if known else heard

    async def list_transactions(self, start: datetime, end: datetime) -> Findings | Result:
        """By the movements of the balance: an intent stands in its list on the day on which it was opened,
        not on the one on which it was captured."""
        span = {"created[gte]": f"{start.timestamp():.0f}", "created[lt]": f"{end.timestamp():.0f}"}
        return await self._listed("balance_transactions", {**span, "expand[]": "data.source"}, moved)

    async def _listed(
        self, kind: str, query: Mapping[str, str], read: answers.Read = operations
    ) -> Findings | Result:
        """All pages of a list."""
        found: list[Finding | None] = []
        asked = {"limit": "100", **query}
        while True:
            answer = await self._call("GET", f"{kind}?{urlencode(asked)}")
            if isinstance(answer, Result):
                return failed(answer)
            rows, last = answers.page(answer, read)
            found += rows
            if last is None or asked.get("starting_after") == last:
                return all_of(found)
            asked["starting_after"] = last

    async def check_connection(self) -> Result:
        answer = await self._call("GET", "payment_intents?limit=1")
        return answer if isinstance(answer, Result) else Result(outcome="approved")

    async def _result(
        self, method: str, path: str, form: Mapping[str, str], *, key: str | None = None
    ) -> Result:
        answer = await self._call(method, path, form, key=key)
        return answer if isinstance(answer, Result) else answers.finding(answer).result

    async def _call(
        self, method: str, path: str, form: Mapping[str, str] | None = None, *, key: str | None = None
    ) -> object:
        headers = {
            "Authorization": f"Bearer {self.account.secret_key.get_secret_value()}",
            "Stripe-Version": VERSION,
            **({"Idempotency-Key": key} if key else {}),
            **({"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}),
        }
        content = urlencode(form).encode() if form is not None else None
        url = f"{self.account.base_url.rstrip('/')}/v1/{path}"
        answer = await exchange(self.client, method, url, headers=headers, content=content)
        return answer if isinstance(answer, Result) else answers.judge(answer)


def _session(ref: str) -> str:
    return f"checkout/sessions/{quote(ref, '')}?expand[]=payment_intent.{CARD}"
