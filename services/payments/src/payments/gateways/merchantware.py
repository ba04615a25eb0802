"""MERCHANTWARE 4.0 and 4.5 (Merchant Warehouse, Cayan): SOAP, in US dollars.

The gateway does not recognise a repeated request, so nothing is ever sent twice: what became of a call
whose answer was lost is asked of the Reporting service, by our own id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import httpx
from pydantic import SecretStr

from payments.gateways import merchantware_answers as answers
from payments.gateways import merchantware_reports as reports
from payments.gateways import merchantware_requests as requests
from payments.gateways.accounts import MerchantwareAccount
from payments.gateways.base import (
    UNSUPPORTED,
    Capabilities,
    Expected,
    Hosted,
    Order,
    Result,
    Return,
    same_secret,
)
from payments.gateways.findings import compare
from payments.gateways.found import Finding, Findings
from payments.gateways.nested import children, text
from payments.gateways.port import Gateway
from payments.gateways.soap import call, outcome
from payments.gateways.transport import UNREADABLE, Answer
from payments.gateways.xml import Element

MARGIN = timedelta(days=1)  # dates have no zone


@dataclass(frozen=True)
class Merchantware(Gateway):
    client: httpx.AsyncClient
    account: MerchantwareAccount

    capabilities = Capabilities(
        browser_token=True,
        saved_cards=True,
        authorize=True,
        void=True,
        find_by_our_id=True,
        list_transactions=True,
    )

    async def start_hosted(self, order: Order, *, return_url: str, cancel_url: str) -> Hosted | Result:
        """The payer comes back to `return_url` also when he cancels. A page only sells."""
        if order.authorize_only or order.currency != "USD":
            return UNSUPPORTED
        url, space = f"{self.account.transport_url.rstrip('/')}/v4/transportService.asmx", requests.TRANSPORT
        content = requests.hosted(self.account, order, return_url)
        answer = await call(self.client, url, "CreateTransaction", space, content)
        opened = outcome(answer, "CreateTransaction", many=("Message",))
        if isinstance(opened, Result):
            return opened
        if problems := children(opened, "Messages", "Message"):
            return _wrong(problems)
        key, secret = text(opened, "TransportKey"), text(opened, "ValidationKey")
        if key is None or secret is None:
            return UNREADABLE
        page = httpx.URL(
            f"{self.account.transport_url.rstrip('/')}/v4/transportweb.aspx", params={"transportKey": key}
        )
        return Hosted(redirect_url=str(page), order_ref=key, return_secret=SecretStr(secret))

    def complete_return(self, query: Mapping[str, str], expected: Expected) -> Return:
        """Some phones send `;` before the next `&`."""
        said = {name.lower(): value.rstrip(";") for name, value in query.items()}
        ours = said.get("transactionid") == expected.our_id
        verified = ours and same_secret(said.get("validationkey"), expected.return_digest)
        canceled = verified and said.get("status", "").lower().startswith("user_cancel")
        return Return(
            verified=verified, canceled=canceled, gateway_ref=said.get("token") if verified else None
        )

    async def complete(self, expected: Expected, *, request_id: str) -> Result:
        """What the Reporting service knows under our id; the return's own words are not used."""
        found = await self.lookup(replace(expected, gateway_ref=None))
        return found if isinstance(found, Result) else compare(found, expected)

    async def charge_token(self, order: Order, token: SecretStr, *, saved: bool = False) -> Result:
        """A one-time token and a saved card are both vault tokens here."""
        if order.currency != "USD":
            return UNSUPPORTED
        return await self._credit(requests.charge(self.account, order, token))

    async def capture(self, gateway_ref: str, amount: int, currency: str, *, request_id: str) -> Result:
        return await self._credit(requests.capture(self.account, gateway_ref, amount, request_id))

    async def void(
        self, gateway_ref: str, *, request_id: str, held: bool = False, charged_by: str = ""
    ) -> Result:
        return await self._credit(requests.void(self.account, gateway_ref, request_id, held=held))

    async def refund(
        self, gateway_ref: str, amount: int, currency: str, *, request_id: str, short_ref: str = ""
    ) -> Result:
        return await self._credit(requests.refund(self.account, gateway_ref, amount, request_id, short_ref))

    async def lookup(self, expected: Expected) -> Findings | Result:
        """A charge by its reference with all details, else by our id; a capture, void or refund by its own id
        of ours, and where that is not known in the details of the charge. The checks of address and security
        code are among the details alone."""
        if expected.kind == "sale" and expected.gateway_ref:
            return await self._detail(expected.gateway_ref)
        name = "TransactionsByTransactionId"
        found = reports.rows(await self._report(name, [("merchantTransactionId", expected.our_id)]), name)
        if isinstance(found, Result):
            return found
        if expected.kind == "sale":
            begun = [row.result for row in found.rows if row.kind in ("sale", "hold")]
            ref = begun[0].gateway_ref if [each.outcome for each in begun] == ["approved"] else None
        else:
            of_charge = None if expected.kind == "refund" else expected.charge_ref
            ref = None if found.rows else expected.gateway_ref or of_charge
        if ref is None:
            return found
        detail = await self._detail(ref)
        if isinstance(detail, Result):
            return found if expected.kind == "sale" and detail.kind == "unreadable" else detail
        rest = tuple(row for row in found.rows if row.result.gateway_ref != ref)
        return Findings(rows=(*rest, *detail.rows), complete=found.complete and bool(detail.rows))

    async def _detail(self, reference: str) -> Findings | Result:
        name = "DetailedTransactionByReference"
        return reports.detail(await self._report(name, [("token", reference)]), name)

    async def save_card(self, gateway_ref: str, customer_id: str, *, request_id: str) -> Result:
        name, content = requests.save_card(self.account, gateway_ref)
        return answers.vault(await self._send(name, content), name)

    async def forget_card(self, token: SecretStr, customer_id: str) -> Result:
        name, content = requests.forget_card(self.account, token)
        return answers.vault(await self._send(name, content), name)

    async def list_transactions(self, start: datetime, end: datetime) -> Findings | Result:
        """With a day more on each side."""
        name = "TransactionsByDate"
        span = ((start - MARGIN).strftime("%Y-%m-%dT%H:%M:%S"), (end + MARGIN).strftime("%Y-%m-%dT%H:%M:%S"))
        content: list[Element] = [("startDate", span[0]), ("endDate", span[1])]
        content += [("invoiceNumber", ""), ("registerNumber", ""), ("authorizationCode", "")]
        found = reports.rows(await self._report(name, content), name)
        return found if isinstance(found, Result) else await self._attributed(found)

    async def _attributed(self, found: Findings) -> Findings | Result:
        """A list does not say which charge a refund or void belongs to; the details of each do."""
        rows: list[Finding] = []
        for each in found.rows:
            ref = each.result.gateway_ref
            if each.kind in ("refund", "void") and each.result.outcome == "approved" and ref:
                detail = await self._detail(ref)
                if isinstance(detail, Result):
                    return detail
                each = replace(each, of=detail.rows[0].of if detail.rows else None)
            rows.append(each)
        return replace(found, rows=tuple(rows))

    async def check_connection(self) -> Result:
        found = await self.lookup(Expected(our_id="callboard-check", amount=0))
        return Result(outcome="approved") if isinstance(found, Findings) else replace(found, outcome="error")

    async def _credit(self, request: requests.Request) -> Result:
        name, content = request
        return answers.credit(await self._send(name, content), name)

    async def _send(self, name: str, content: list[Element]) -> Answer | Result:
        service, space = requests.CREDIT[self.account.version]
        return await call(self.client, self.account.base_url.rstrip("/") + service, name, space, content)

    async def _report(self, name: str, content: list[Element]) -> Answer | Result:
        url = f"{self.account.base_url.rstrip('/')}{requests.REPORTING[0]}"
        content = [*requests.credentials(self.account), *content]
        return await call(self.client, url, name, requests.REPORTING[1], content)


def _wrong(problems: list[object]) -> Result:
    """Any message is an error, even beside a key."""
    said = [(text(each, "Field") or "", text(each, "Information") or "") for each in problems]
    message = "; ".join(f"{name}: {what}" for name, what in said)
    return answers.refused(message)
