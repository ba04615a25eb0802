"""An Idempotency-Key is its caller's own."""

from typing import Any

import httpx
import pytest
from bills import issued, known_customer
from gateway import Payer, connected
from harness import client
from shared.service import Running

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


@pytest.mark.parametrize("same_request", [True, False])
async def test_another_callers_key_gives_nothing_of_his(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, same_request: bool
) -> None:
    """Neither his attempt nor a word about his request."""
    await connected(office, payer)
    bills = [await issued(office, await known_customer(run)) for _ in range(2)]

    async def pay(who: httpx.AsyncClient, bill: dict[str, Any]) -> httpx.Response:
        body = {"invoices": [{"invoice_id": bill["id"], "amount": 100}], "token": "tok_visa"}
        return await who.post("/v1/payment-attempts", json=body, headers={"Idempotency-Key": "monday"})

    first, again = await pay(office, bills[0]), await pay(office, bills[0])
    assert first.json()["id"] == again.json()["id"]
    async with client(run, "office.admin", subject="bob") as other:
        theirs = await pay(other, bills[0 if same_request else 1])
    assert theirs.status_code == 201, theirs.text
    assert theirs.json()["id"] != first.json()["id"]
    assert len(await payer.charges()) == 2
