"""Invoices over HTTP: drafted, issued, paid, voided, credited."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
from bills import drafted, invoice, issued, known_customer, known_dispatch, line, pay_by_cheque, updated
from harness import feed, of, said
from shared.events.dispatch import Note
from shared.events.money import InvoiceChanged, InvoiceIssued, PaymentRefunded, PaymentSettled
from shared.service import Running

FORBIDS = Note(
    kind="message", text="Great customer. DO NOT COLLECT service fee, already paid online. Thanks."
)


async def test_from_draft_to_paid(run: Running[Any], office: httpx.AsyncClient) -> None:
    person = await known_customer(run)
    made = await drafted(office, person, line(10000, quantity="1.5"), line(333), tax_rate="8.25", discount=33)
    assert (made["state"], made["number"], made["subtotal"]) == ("draft", None, 15300)
    assert (made["tax"], made["total"], made["payable"]) == (1262, 16562, False)  # 15300 * 8.25 % = 1262.25
    path = f"/v1/invoices/{made['id']}"
    changed = await office.patch(
        path, json={"lines": [line()], "discount": 0, "tax_rate": "0"}, headers={"If-Match": '"1"'}
    )
    assert (changed.json()["total"], changed.json()["version"]) == (12540, 2)
    done = await office.post(f"{path}/issue", headers={"If-Match": '"2"'})
    assert (done.json()["state"], done.json()["number"], done.json()["balance"]) == (
        "issued",
        "INV-00001",
        12540,
    )
    assert (await office.patch(path, json={}, headers={"If-Match": '"3"'})).status_code == 409
    (told,) = await said(run)
    assert isinstance(told, InvoiceIssued)
    assert (told.invoice.balance, told.invoice.payable, told.version) == (12540, True, 3)

    first = await pay_by_cheque(office, person, 2540, **{made["id"]: 2540})
    assert first.status_code == 201
    assert (await invoice(office, made["id"]))["state"] == "partly_paid"
    too_much = await pay_by_cheque(office, person, 10001, **{made["id"]: 10001})
    assert (too_much.status_code, too_much.json()["balance"]) == (409, 10000)
    await pay_by_cheque(office, person, 10000, **{made["id"]: 10000})
    shown = await invoice(office, made["id"])
    assert (shown["state"], shown["paid"], shown["balance"], shown["payable"]) == ("paid", 12540, 0, False)
    events = await said(run)
    assert [event.invoice.state for event in of(events, InvoiceChanged)] == ["partly_paid", "paid"]
    assert [event.amount for event in of(events, PaymentSettled)] == [2540, 10000]


async def test_numbers_have_no_gaps_when_many_issue_at_once(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    person = await known_customer(run)
    drafts = [await drafted(office, person) for _ in range(12)]
    nothing = {"customer_id": str(person), "lines": []}
    empty = (await office.post("/v1/invoices", json=nothing)).json()

    async def issue(each: dict[str, Any]) -> httpx.Response:
        return await office.post(f"/v1/invoices/{each['id']}/issue", headers={"If-Match": '"1"'})

    answers = await asyncio.gather(*(issue(each) for each in (*drafts, empty, *drafts)))
    numbers = sorted(answer.json()["number"] for answer in answers if answer.status_code == 200)
    assert numbers == [f"INV-{n:05d}" for n in range(1, 13)]
    assert sum(answer.status_code >= 400 for answer in answers) == 13


async def test_the_fee_of_a_dispatch(run: Running[Any], office: httpx.AsyncClient) -> None:
    id, person, payer = await known_dispatch(run)
    body = {"dispatch_id": str(id), "lines": [line(5000, kind="labour")]}
    made = (await office.post("/v1/invoices/from-dispatch", json=body)).json()
    assert [(each["kind"], each["amount"]) for each in made["lines"]] == [
        ("service_fee", 10000),
        ("labour", 5000),
    ]
    assert (made["customer_id"], made["debtor_id"]) == (str(person), str(person))
    again = (await office.post("/v1/invoices/from-dispatch", json=body)).json()
    assert [each["kind"] for each in again["lines"]] == ["labour"]
    theirs = (await office.post("/v1/invoices/from-dispatch", json={**body, "bill_to_partner": True})).json()
    assert (theirs["debtor_id"], [each["kind"] for each in theirs["lines"]]) == (str(payer), ["labour"])
    assert (
        await office.post("/v1/invoices/from-dispatch", json={"dispatch_id": str(uuid4())})
    ).status_code == 404


async def test_a_fee_that_was_voided_is_billed_again_and_once(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    id, *_ = await known_dispatch(run)
    body = {"dispatch_id": str(id), "lines": [line(5000, kind="labour")]}
    made = (await office.post("/v1/invoices/from-dispatch", json=body)).json()
    await office.post(f"/v1/invoices/{made['id']}/issue", headers={"If-Match": '"1"'})
    etag = (await office.get(f"/v1/invoices/{made['id']}")).headers["etag"]
    why = {"reason": "made twice"}
    gone = await office.post(f"/v1/invoices/{made['id']}/void", json=why, headers={"If-Match": etag})
    assert gone.json()["state"] == "void"
    for kinds in (["service_fee", "labour"], ["labour"]):
        again = (await office.post("/v1/invoices/from-dispatch", json=body)).json()
        assert [each["kind"] for each in again["lines"]] == kinds


async def test_do_not_collect_blocks_the_fee_in_the_partners_words(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    id, person, _ = await known_dispatch(run, do_not_collect=True, notes=(FORBIDS,))
    body = {"dispatch_id": str(id), "lines": [line(5000)]}
    made = (await office.post("/v1/invoices/from-dispatch", json=body)).json()
    assert [each["kind"] for each in made["lines"]] == ["part"]
    fee = line(10000, kind="service_fee")
    refused = await office.post(
        "/v1/invoices", json={"customer_id": str(person), "dispatch_id": str(id), "lines": [fee]}
    )
    assert refused.status_code == 409
    assert "DO NOT COLLECT service fee, already paid online" in refused.json()["detail"]


async def test_do_not_collect_that_comes_later_blocks_the_invoice(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    id, person, _ = await known_dispatch(run)
    made = await issued(office, person, line(10000, kind="service_fee"), dispatch_id=str(id))
    assert made["payable"] is True
    await said(run)
    await feed(run, updated(do_not_collect=True, notes=(FORBIDS,)))
    (told,) = of(await said(run), InvoiceChanged)
    assert (told.invoice.payable, told.version) == (False, 3)
    assert "DO NOT COLLECT service fee" in str(told.invoice.not_payable_because)
    await feed(run, updated(version=1))  # older
    assert (await invoice(office, made["id"]))["payable"] is False


async def test_a_deposit_is_applied_when_its_dispatch_is_invoiced(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    id, person, _ = await known_dispatch(run)
    body = {"customer_id": str(person), "method": "cash", "amount": 4000, "dispatch_id": str(id)}
    assert (await office.post("/v1/payments", json=body)).status_code == 201
    made = await issued(office, person, line(10000), dispatch_id=str(id))
    assert (made["state"], made["balance"]) == ("partly_paid", 6000)
    owed = (await office.get(f"/v1/customer-balances/{person}")).json()
    assert (owed["owed"], owed["credit"]) == (6000, 0)


async def test_a_dispatch_that_is_not_the_customers_takes_no_deposit_and_no_invoice(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    id, person, partner = await known_dispatch(run)
    stranger = await known_customer(run, "Bob Example")
    cash = {"method": "cash", "amount": 4000}
    for who, dispatch, code in (
        (stranger, id, 422),
        (person, uuid4(), 422),
        (uuid4(), id, 404),
        (person, id, 201),
        (partner, id, 201),
    ):
        body = {**cash, "customer_id": str(who), "dispatch_id": str(dispatch)}
        assert (await office.post("/v1/payments", json=body)).status_code == code, (who, dispatch)
    for who, code in ((stranger, 422), (partner, 422), (person, 201)):
        body = {"customer_id": str(who), "dispatch_id": str(id), "lines": [line(5000)]}
        assert (await office.post("/v1/invoices", json=body)).status_code == code
    listed = (await office.get("/v1/payments", params={"customer_id": str(stranger)})).json()["items"]
    assert listed == []


async def test_credit_is_used_once(run: Running[Any], office: httpx.AsyncClient) -> None:
    person = await known_customer(run)
    await pay_by_cheque(office, person, 10000)
    bills = [await issued(office, person, line(8000)) for _ in range(4)]
    path = "/v1/invoices/{}/apply-credit"
    answers = await asyncio.gather(
        *(office.post(path.format(each["id"]), json={"amount": 8000}) for each in bills)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    owed = (await office.get(f"/v1/customer-balances/{person}")).json()
    assert (owed["owed"], owed["credit"]) == (24000, 2000)


async def test_a_credit_note_on_a_paid_invoice_becomes_credit(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    person = await known_customer(run)
    made = await issued(office, person, line(10000), tax_rate="10")
    paid = (await pay_by_cheque(office, person, 11000, **{made["id"]: 11000})).json()
    path = f"/v1/invoices/{made['id']}/credit-notes"

    async def credit(amount: int | None) -> httpx.Response:
        version = (await invoice(office, made["id"]))["version"]
        body = {"reason": "part came back", "amount": amount}
        return await office.post(path, json=body, headers={"If-Match": f'"{version}"'})

    first, rest = (await credit(3333)).json(), (await credit(None)).json()
    assert [(note["number"], note["total"]) for note in (first, rest)] == [
        ("CN-00001", 3333),
        ("CN-00002", 7667),
    ]
    assert first["tax"] + rest["tax"] == 1000
    assert (await credit(1)).status_code == 409
    shown = await invoice(office, made["id"])
    assert (shown["state"], shown["balance"], shown["credited"]) == ("credited", 0, 11000)
    owed = (await office.get(f"/v1/customer-balances/{person}")).json()
    assert (owed["owed"], owed["credit"]) == (0, 11000)
    back = await office.post(
        f"/v1/payments/{paid['id']}/refunds", json={"amount": 11000, "reason": "as agreed"}
    )
    assert back.status_code == 201
    more = await office.post(f"/v1/payments/{paid['id']}/refunds", json={"amount": 1, "reason": "again"})
    assert more.status_code == 409
    assert [event.amount for event in of(await said(run), PaymentRefunded)] == [11000]


async def test_a_refund_opens_the_invoice_again(run: Running[Any], office: httpx.AsyncClient) -> None:
    person = await known_customer(run)
    made = await issued(office, person, line(10000))
    paid = (await pay_by_cheque(office, person, 10000, **{made["id"]: 10000})).json()
    answers = await asyncio.gather(
        *(
            office.post(f"/v1/payments/{paid['id']}/refunds", json={"amount": 6000, "reason": "bounced"})
            for _ in range(3)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    shown = await invoice(office, made["id"])
    assert (shown["state"], shown["paid"], shown["refunded"], shown["balance"]) == (
        "partly_paid",
        10000,
        6000,
        6000,
    )


async def test_only_an_unpaid_invoice_is_voided(run: Running[Any], office: httpx.AsyncClient) -> None:
    person = await known_customer(run)
    paid, made = await issued(office, person), await issued(office, person)
    await pay_by_cheque(office, person, 1, **{paid["id"]: 1})
    why = {"reason": "made twice"}
    refused = await office.post(f"/v1/invoices/{paid['id']}/void", json=why, headers={"If-Match": '"3"'})
    assert refused.status_code == 409
    done = await office.post(f"/v1/invoices/{made['id']}/void", json=why, headers={"If-Match": '"2"'})
    assert (done.json()["state"], done.json()["number"], done.json()["balance"]) == ("void", "INV-00002", 0)
    assert (await issued(office, person))["number"] == "INV-00003"
    assert (
        await office.post(
            "/v1/payments",
            json={
                "customer_id": str(person),
                "method": "cash",
                "amount": 5,
                "invoices": [{"invoice_id": made["id"], "amount": 5}],
            },
        )
    ).status_code == 409


async def test_receivables_by_age(run: Running[Any], office: httpx.AsyncClient) -> None:
    big, small = await known_customer(run), await known_customer(run, "Sam")
    made = await issued(office, big, line(10000), terms_days=0)
    await pay_by_cheque(office, big, 2500, **{made["id"]: 2500})
    await issued(office, small, line(100), terms_days=14)
    today = date.fromisoformat(made["due_on"])
    ages = ((0, "current"), (1, "1-30"), (30, "1-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"))
    for days, column in (*ages, (90, "61-90"), (91, "over 90")):
        asked = {"on": str(today + timedelta(days)), "limit": "1"}
        first = (await office.get("/v1/receivables", params=asked)).json()
        (most,) = first["items"]
        assert (most["name"], most["total"], most["ages"]) == ("Pat Example", 7500, {column: 7500})
        more = (await office.get("/v1/receivables", params={**asked, "cursor": first["next"]})).json()
        assert ([row["name"] for row in more["items"]], more["next"]) == (["Sam"], None)


async def test_statement_and_open_invoices_in_pages(run: Running[Any], office: httpx.AsyncClient) -> None:
    person = await known_customer(run)
    made = [await issued(office, person, line(1000 + days), terms_days=days) for days in (9, 9, 0, 5)]
    await pay_by_cheque(office, person, 5000, **{made[0]["id"]: 1009, made[3]["id"]: 5})
    part = {"amount": 4, "reason": "late"}
    await office.post(f"/v1/invoices/{made[3]['id']}/credit-notes", json=part, headers={"If-Match": '"3"'})
    await office.post(f"/v1/invoices/{made[2]['id']}/apply-credit", json={"amount": 1})

    listed = await _pages(office, f"/v1/customer-balances/{person}/invoices", "items")
    rests = [(made[2]["id"], 999), (made[3]["id"], 996), (made[1]["id"], 1009)]
    assert [(each["id"], each["balance"]) for each in listed] == rests
    assert listed[0] == await invoice(office, made[2]["id"])
    assert (await office.get(f"/v1/customer-balances/{person}")).json()["owed"] == 999 + 996 + 1009

    path = f"/v1/statements/{person}?since=2000-01-01&until=2099-01-01"
    whole = (await office.get(path)).json()
    assert (whole["opening"], whole["closing"], whole["next"]) == (0, -981, None)
    amounts = [("invoice", each["total"]) for each in made] + [("payment", -5000), ("credit_note", -4)]
    assert [(row["what"], row["amount"]) for row in whole["lines"]] == amounts
    assert [row["balance"] for row in whole["lines"]] == [1009, 2018, 3018, 4023, -977, -981]
    assert await _pages(office, path, "lines") == whole["lines"]
    later = {"since": "2098-01-01", "until": "2099-01-01"}
    after = (await office.get(f"/v1/statements/{person}", params=later)).json()
    assert (after["opening"], after["closing"], after["lines"]) == (-981, -981, [])


async def _pages(office: httpx.AsyncClient, path: str, name: str) -> list[dict[str, Any]]:
    """All rows, read one by one."""
    rows: list[dict[str, Any]] = []
    url: httpx.URL | None = httpx.URL(path).copy_set_param("limit", 1)
    while url:
        found = (await office.get(url)).raise_for_status().json()
        rows += found[name]
        url = url.copy_set_param("cursor", found["next"]) if found["next"] else None
    return rows
