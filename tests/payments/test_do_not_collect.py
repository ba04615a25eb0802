""" "Do not collect" is about the trade service fee: what else stands on the invoice is paid by every way."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from bills import invoice, issued, known_dispatch, line, updated
from gateway import Payer, charge, check_out, connected
from harness import feed, of, said
from hypothesis import given
from hypothesis import strategies as st
from payments.document import render
from payments.invoice import Impossible, Line, fee_part, total
from payments.letter import compose
from payments.queries.documents import facts_of
from shared.db import utcnow, uuid7
from shared.events.dispatch import Note
from shared.events.money import InvoiceChanged
from shared.service import Running

FORBIDS = Note(kind="message", text="DO NOT COLLECT TRADE SERVICE FEE")
FEE = line(10000, kind="service_fee", description="Trade service fee", taxable=False)
UPGRADE = line(20000, kind="labour", description="Code upgrade")


async def forbidden(run: Running[Any], office: httpx.AsyncClient, *lines: Any, **more: Any) -> Any:
    """An issued invoice on whose dispatch "do not collect" came afterwards."""
    id, person, _ = await known_dispatch(run)
    made = await issued(office, person, *lines, dispatch_id=str(id), **more)
    await feed(run, updated(do_not_collect=True, notes=(FORBIDS,)))
    return await invoice(office, made["id"])


async def credited(office: httpx.AsyncClient, id: str, amount: int | None, **more: Any) -> dict[str, Any]:
    version = (await invoice(office, id))["version"]
    body = {"reason": "as agreed", "amount": amount, **more}
    answer = await office.post(
        f"/v1/invoices/{id}/credit-notes", json=body, headers={"If-Match": f'"{version}"'}
    )
    assert answer.status_code == 201, answer.text
    return await invoice(office, id)


async def test_an_invoice_without_a_fee_is_not_touched(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer
) -> None:
    await connected(office, payer)
    made = await forbidden(run, office, UPGRADE)
    assert (made["payable"], made["collectable"], made["withheld"]) == (True, 20000, 0)
    async with run.database.read() as read:
        assert (await facts_of(read, run.settings, UUID(made["id"]))).notice == ""
    assert (await charge(office, made))["state"] == "succeeded"
    assert (await invoice(office, made["id"]))["state"] == "paid"


async def test_a_card_pays_all_but_the_fee(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer
) -> None:
    await connected(office, payer)
    made = await forbidden(run, office, FEE, UPGRADE)
    assert (made["payable"], made["balance"], made["collectable"]) == (True, 30000, 20000)
    assert (made["withheld"], made["withheld_because"]) == (10000, "DO NOT COLLECT TRADE SERVICE FEE")
    assert [each["collectable"] for each in made["lines"]] == [False, True]
    body = {"invoices": [{"invoice_id": made["id"], "amount": 20001}], "token": "tok_visa"}
    refused = await office.post("/v1/payment-attempts", json=body)
    assert refused.status_code == 409
    assert "DO NOT COLLECT TRADE SERVICE FEE" in refused.json()["detail"]
    paid = await charge(office, made)
    assert (paid["state"], paid["amount"]) == ("succeeded", 20000)
    after = await invoice(office, made["id"])
    assert (after["balance"], after["collectable"], after["payable"]) == (10000, 0, False)
    assert "DO NOT COLLECT" in after["not_payable_because"]
    assert (await office.post("/v1/payment-attempts", json=body)).status_code == 409


async def test_pay_now_takes_all_but_the_fee(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer
) -> None:
    await connected(office, payer)
    made = await forbidden(run, office, FEE, UPGRADE)
    started = await check_out(office, made)
    assert (started.status_code, started.json()["amount"]) == (201, 20000)


async def test_paper_and_mail_say_which_line_is_not_paid(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    made = await forbidden(run, office, FEE, UPGRADE)
    async with run.database.read() as read:
        facts = await facts_of(read, run.settings, UUID(made["id"]))
    assert facts.notice == (
        "Please do not pay this line: Trade service fee. "
        "The warranty company says: DO NOT COLLECT TRADE SERVICE FEE. Please pay $200.00."
    )
    assert render(facts).startswith(b"%PDF-")
    names = {"to": "pat@example.com", "sender_name": "S", "sender_address": "o@senor.example"}
    text = compose(facts, b"", id=uuid7(), now=utcnow(), **names).decode()
    assert "Balance due: $200.00" in text
    assert "do not pay this line: Trade service fee" in text.replace("\r\n", "\n")


async def test_portal_hears_which_line_is_not_paid(run: Running[Any], office: httpx.AsyncClient) -> None:
    await forbidden(run, office, FEE, UPGRADE)
    told = of(await said(run), InvoiceChanged)[-1].invoice
    assert (told.payable, told.collectable, told.withheld) == (True, 20000, 10000)
    assert [each.collectable for each in told.lines] == [False, True]


@pytest.mark.parametrize(
    ("amount", "kind", "collectable"),
    [(10000, None, 20000), (5000, None, 15000), (5000, "service_fee", 20000), (10000, "labour", 10000)],
)
async def test_a_credit_note_says_what_it_credits(
    run: Running[Any], office: httpx.AsyncClient, amount: int, kind: str | None, collectable: int
) -> None:
    made = await forbidden(run, office, FEE, UPGRADE)
    after = await credited(office, made["id"], amount, kind=kind)
    assert (after["collectable"], after["balance"]) == (collectable, 30000 - amount)


async def test_credit_does_not_pay_the_fee(run: Running[Any], office: httpx.AsyncClient) -> None:
    made = await forbidden(run, office, FEE, UPGRADE)
    body = {"customer_id": made["customer_id"], "method": "cash", "amount": 50000}
    assert (await office.post("/v1/payments", json=body)).status_code == 201
    used = (await office.post(f"/v1/invoices/{made['id']}/apply-credit", json={})).json()
    assert (used["balance"], used["collectable"]) == (10000, 0)


async def test_a_draft_with_the_fee_is_not_issued_any_more(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    id, person, _ = await known_dispatch(run)
    body = {"customer_id": str(person), "dispatch_id": str(id), "lines": [FEE, UPGRADE]}
    draft = (await office.post("/v1/invoices", json=body)).json()
    await feed(run, updated(do_not_collect=True, notes=(FORBIDS,)))
    refused = await office.post(f"/v1/invoices/{draft['id']}/issue", headers={"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["title"]) == (409, "The service fee must not be collected")


async def test_the_partners_own_bill_may_have_the_fee(run: Running[Any], office: httpx.AsyncClient) -> None:
    id, person, _ = await known_dispatch(run, do_not_collect=True, notes=(FORBIDS,))
    theirs = await issued(office, person, FEE, dispatch_id=str(id), bill_to_partner=True)
    assert (theirs["withheld"], theirs["not_payable_because"]) == (
        0,
        "The warranty company pays this invoice.",
    )


kinds = st.sampled_from(["service_fee", "part", "other"])
rows = st.lists(st.tuples(kinds, st.booleans(), st.integers(-(10**6), 10**7)), min_size=1, max_size=6)


@given(rows, st.integers(0, 10**6), st.integers(0, 2000))
def test_the_fee_is_a_part_of_the_total(given_rows: Any, discount: int, tenths_of_percent: int) -> None:
    lines = [Line(Decimal(1), amount, taxable=taxed) for _, taxed, amount in given_rows]
    try:
        sums = total(lines, discount=discount, tax_rate=Decimal(tenths_of_percent) / 100)
    except Impossible:
        return
    fee = fee_part(given_rows, discount=discount, tax=sums.tax, total=sums.total)
    assert 0 <= fee <= sums.total
    if all(kind == "service_fee" for kind, _, _ in given_rows):
        assert fee == sums.total
    if all(kind != "service_fee" for kind, _, _ in given_rows):
        assert fee == 0
