"""QuickBooks Merchant Services: qbmsXML, stored cards (the Wallet) and Intuit's Hosted PayPage. US dollars.

There is no look-up. A call whose answer was lost is sent again with the same TransRequestID, which is not
charged twice; a page is asked for by its operation id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import httpx
from pydantic import SecretStr

from payments.gateways import qbms_answers as answers
from payments.gateways.accounts import QbmsAccount
from payments.gateways.base import (
    NO_LOOKUP,
    UNSUPPORTED,
    Capabilities,
    Expected,
    Hosted,
    Order,
    Result,
    Return,
    same_secret,
)
from payments.gateways.findings import agreed
from payments.gateways.found import Finding, Findings, failed
from payments.gateways.money import to_text
from payments.gateways.port import Gateway
from payments.gateways.transport import exchange
from payments.gateways.xml import Element, write

VERSION = "4.5"


@dataclass(frozen=True)
class Qbms(Gateway):
    client: httpx.AsyncClient
    account: QbmsAccount

    capabilities = Capabilities(unpaid_is_refused=True, authorize=True, void=True, resend=timedelta(hours=24))

    async def start_hosted(self, order: Order, *, return_url: str, cancel_url: str) -> Hosted | Result:
        """Where the payer comes back to is a setting at Intuit, not of the call. The link works once."""
        if order.currency != "USD":
            return UNSUPPORTED
        kind = "Auth" if order.authorize_only else "Sale"
        found = await self._page("ticket/create", {"TxnType": kind, "Amount": to_text(order.amount)})
        if isinstance(found, Result):
            return found
        if refused := answers.page_refused(found):
            return refused
        ticket, operation = found.get("Ticket"), found.get("OpId")
        if not ticket or not operation:
            return answers.LOST
        query = urlencode({"Ticket": ticket, "OpId": operation, "action": "checkout", "DisplayShipping": "0"})
        url = f"{self.account.paypage_url.rstrip('/')}/checkout/terminal?{query}"
        return Hosted(redirect_url=url, order_ref=operation, return_secret=SecretStr(operation))

    def complete_return(self, query: Mapping[str, str], expected: Expected) -> Return:
        said = {name.lower(): value for name, value in query.items()}
        verified = same_secret(said.get("opid"), expected.return_digest)
        return Return(verified=verified, gateway_ref=said.get("txnid") if verified else None)

    async def complete(self, expected: Expected, *, request_id: str) -> Result:
        """Asks Intuit what became of the page."""
        found = await self._paid(expected) if expected.order_ref else UNSUPPORTED
        return agreed(found, None, expected)

    async def _paid(self, expected: Expected) -> Result:
        txn = {"TxnId": expected.gateway_ref} if expected.gateway_ref else {}
        found = await self._page("capture", {"OpId": expected.order_ref or "", **txn})
        return found if isinstance(found, Result) else answers.paid_page(found)

    async def charge_token(self, order: Order, token: SecretStr, *, saved: bool = False) -> Result:
        """Only saved cards: this service has no one-time tokens."""
        if not saved or order.currency != "USD":
            return UNSUPPORTED
        operation = f"CustomerCreditCardWallet{'Auth' if order.authorize_only else 'Charge'}"
        asked: list[Element] = [
            ("TransRequestID", order.request_id),
            ("WalletEntryID", token.get_secret_value()),
            ("CustomerID", order.customer_id[:40]),
            ("IsMobile", "false"),
            ("Amount", to_text(order.amount)),
            ("IsECommerce", "true"),
        ]
        return await self._call(operation, asked)

    async def capture(self, gateway_ref: str, amount: int, currency: str, *, request_id: str) -> Result:
        asked: list[Element] = [("TransRequestID", request_id), ("CreditCardTransID", gateway_ref)]
        return await self._call("CustomerCreditCardCapture", [*asked, ("Amount", to_text(amount))])

    async def void(
        self, gateway_ref: str, *, request_id: str, held: bool = False, charged_by: str = ""
    ) -> Result:
        """If the payment has settled meanwhile, it is refunded instead: `refs["refund_kind"]` says which."""
        asked: list[Element] = [("TransRequestID", request_id), ("CreditCardTransID", gateway_ref)]
        return await self._call("CustomerCreditCardTxnVoidOrRefund", asked)

    async def refund(
        self, gateway_ref: str, amount: int, currency: str, *, request_id: str, short_ref: str = ""
    ) -> Result:
        asked: list[Element] = [("TransRequestID", request_id), ("CreditCardTransID", gateway_ref)]
        return await self._call("CustomerCreditCardTxnVoidOrRefund", [*asked, ("Amount", to_text(amount))])

    async def lookup(self, expected: Expected) -> Findings | Result:
        """Only of a page, by its order reference. That a page is not paid yet does not say that it was not:
        Intuit names no code for it."""
        if not expected.order_ref or expected.kind != "sale":
            return NO_LOOKUP
        found = await self._paid(expected)
        if found.outcome not in ("approved", "declined"):
            return failed(found)
        return Findings(rows=(Finding(result=found, kind="hold" if found.captured is False else "sale"),))

    async def check_connection(self) -> Result:
        return await self._call("MerchantAccountQuery", [])

    async def _call(self, operation: str, asked: list[Element]) -> Result:
        content = document(self.account, operation, asked, datetime.now(UTC))
        url = f"{self.account.base_url.rstrip('/')}/j/AppGateway"
        headers = {"Content-Type": "application/x-qbmsxml"}
        answer = await exchange(self.client, "POST", url, headers=headers, content=content)
        return answers.result(answer, operation)

    async def _page(self, path: str, form: Mapping[str, str]) -> dict[str, str] | Result:
        who = {
            "AuthModel": "desktop",
            "AppLogin": self.account.application_login,
            "AuthTicket": self.account.connection_ticket.get_secret_value(),
        }
        url = f"{self.account.paypage_url.rstrip('/')}/paypage/{path}"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        content = urlencode({**who, **form}).encode()
        return answers.lines(await exchange(self.client, "POST", url, headers=headers, content=content))


def document(account: QbmsAccount, operation: str, asked: list[Element], now: datetime) -> bytes:
    """The order of the elements counts: another one is refused as a wrong version."""
    who: list[Element] = [
        ("ClientDateTime", f"{now:%Y-%m-%dT%H:%M:%S}"),
        ("ApplicationLogin", account.application_login),
        ("ConnectionTicket", account.connection_ticket.get_secret_value()),
        ("Language", "English"),
        *([("AppID", account.app_id), ("AppVer", "1.0")] if account.app_id else []),
    ]
    content: list[Element] = [
        ("SignonMsgsRq", [("SignonDesktopRq", who)]),
        ("QBMSXMLMsgsRq", [(f"{operation}Rq", asked)]),
    ]
    start = f'<?xml version="1.0" encoding="utf-8"?><?qbmsxml version="{VERSION}"?>'
    return f"{start}{write('QBMSXML', content)}".encode()
