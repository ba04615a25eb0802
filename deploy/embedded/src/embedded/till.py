"""`callboard demo` looks at money too: an invoice for one of its dispatches, paid on the sandbox's page."""

from typing import Any, NamedTuple

import httpx

from embedded.house import SANDBOX
from embedded.office import Office

WORK = {"kind": "labour", "description": "First hour", "unit_price": 12_500}


class Paid(NamedTuple):
    """What became of the invoice, in a line; `problems` are empty where money and books agree."""

    said: str
    problems: list[str]


async def pay_one(office: Office, url: str) -> Paid:
    """`url` is where this Callboard listens: the payer's browser goes there."""
    bill = await _bill(office)
    if bill is None:
        return Paid("no invoice", ["no dispatch of the demo could be billed"])
    attempt = await office.write("POST", "/v1/payment-attempts", {"invoices": [{"invoice_id": bill["id"]}]})
    async with httpx.AsyncClient(trust_env=False) as browser:
        sent = await browser.post(attempt["redirect_url"] or url, data={"decision": "pay"})
        shown = await browser.get(sent.headers.get("location", url), follow_redirects=True)
        taken = (await browser.get(f"{url}{SANDBOX}/ledger")).raise_for_status().json()
    paid = await office.read(f"/v1/invoices/{bill['id']}")
    sales = [row["amount"] for row in taken if (row["kind"], row["status"]) == ("sale", "approved")]
    rules = {
        f"the payer is shown {shown.status_code}": "your payment has arrived" in shown.text,
        f"the invoice is {paid['state']}": (paid["state"], paid["balance"]) == ("paid", 0),
        f"the gateway took {sales}, the books say {paid['paid']}": sales == [paid["paid"]] == [bill["total"]],
    }
    said = f"{paid['number']} of {bill['total'] / 100:.2f} {bill['currency']}: {paid['state']}"
    return Paid(
        f"{said}, the gateway took {sum(sales) / 100:.2f}", [why for why, ok in rules.items() if not ok]
    )


async def _bill(office: Office) -> dict[str, Any] | None:
    """Of the first dispatch that somebody may be asked to pay."""
    for dispatch in (await office.read("/v1/dispatches", limit=200))["items"]:
        body = {"dispatch_id": dispatch["id"], "lines": [WORK]}
        answer = await office.post("/v1/invoices/from-dispatch", json=body)
        if answer.is_success:
            draft = answer.json()
            headers = {"If-Match": f'"{draft["version"]}"'}
            issued = await office.post(f"/v1/invoices/{draft['id']}/issue", headers=headers)
            if issued.is_success and issued.json()["payable"]:
                return issued.json()
    return None
