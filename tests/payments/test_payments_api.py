"""The API of payments for programs: what was paid, what went back, filters, and nothing booked twice."""

import asyncio
from typing import Any

import httpx
import pytest
from bills import drafted, issued, known_customer, line, pay_by_cheque
from gateway import Payer, charge
from harness import client
from shared.app import create_app
from shared.service import Running


async def test_a_payment_says_what_it_paid_and_what_is_left(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    person = await known_customer(run)
    made = [await issued(office, person, line(amount)) for amount in (5000, 3000)]
    paid = await pay_by_cheque(office, person, 9000, **{made[0]["id"]: 5000, made[1]["id"]: 3000})
    payment = paid.json()
    on = [(each["number"], each["amount"]) for each in payment["invoices"]]
    assert sorted(on) == sorted((each["number"], each["total"]) for each in made)
    assert (payment["credit"], payment["refunded"], payment["left"]) == (1000, 0, 9000)
    answer = await office.post(
        f"/v1/payments/{payment['id']}/refunds", json={"amount": 2500, "reason": "late"}
    )
    refund = answer.json()
    assert (answer.status_code, refund["amount"], refund["reason"], refund["kind"]) == (
        201,
        2500,
        "late",
        "refund",
    )
    assert (await office.get(answer.headers["location"])).json() == refund
    assert (await office.get(f"/v1/payments/{payment['id']}/refunds")).json() == [refund]
    after = (await office.get(f"/v1/payments/{payment['id']}")).json()
    assert (after["credit"], after["refunded"], after["left"]) == (0, 2500, 6500)
    assert sum(each["amount"] for each in after["invoices"]) + after["credit"] == after["left"]
    (listed,) = (await office.get("/v1/payments")).json()["items"]
    assert listed == after
    entries = (await office.get("/v1/payment-entries", params={"payment_id": payment["id"]})).json()["items"]
    assert sum(each["amount"] for each in entries) == 6500
    assert {each["refund_id"] for each in entries if each["kind"] == "refund"} == {refund["id"]}
    other = await known_customer(run)
    there = await pay_by_cheque(office, other, 1)
    assert (await office.get(f"/v1/payments/{there.json()['id']}/refunds/{refund['id']}")).status_code == 404


async def test_a_gateways_refund_is_read_like_others(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    taken = await charge(office, bill)
    await office.post(f"/v1/payment-attempts/{taken['id']}/refund", json={"amount": 540})
    (payment,) = (await office.get("/v1/payments", params={"method": "card"})).json()["items"]
    assert (payment["attempt_id"], payment["refunded"], payment["left"]) == (taken["id"], 540, 12000)
    (refund,) = (await office.get(f"/v1/payments/{payment['id']}/refunds")).json()
    assert (refund["amount"], refund["invoices"][0]["number"]) == (540, bill["number"])


async def test_a_cheque_is_booked_once_unless_said(run: Running[Any], office: httpx.AsyncClient) -> None:
    person, other = await known_customer(run), await known_customer(run)
    body = {"customer_id": str(person), "method": "cheque", "amount": 5000, "reference": "Nr 1042"}
    answers = await asyncio.gather(*(office.post("/v1/payments", json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    (booked,) = [answer.json() for answer in answers if answer.status_code == 201]
    refused = await office.post("/v1/payments", json={**body, "reference": " nr 1042 ", "amount": 7})
    assert (refused.status_code, refused.json()["payment_id"]) == (409, booked["id"])
    for more in (
        {"customer_id": str(other)},
        {"method": "bank"},
        {"reference": "Nr 1043"},
        {"reference": None},
        {"repeated": True},
    ):
        assert (await office.post("/v1/payments", json={**body, **more})).status_code == 201, more
    bounced = {"customer_id": str(other), "method": "cheque", "amount": 5, "reference": "7"}
    first = (await office.post("/v1/payments", json=bounced)).json()
    await office.post(f"/v1/payments/{first['id']}/refunds", json={"amount": 5, "reason": "bounced"})
    assert (await office.post("/v1/payments", json=bounced)).status_code == 201


async def test_invoices_are_filtered_by_state_and_days(run: Running[Any], office: httpx.AsyncClient) -> None:
    person = await known_customer(run)
    draft = await drafted(office, person)
    named = {
        name: await issued(office, person, line(100)) for name in ("issued", "partly_paid", "paid", "void")
    }
    named["credited"] = await issued(office, person, line(100))
    free = await issued(office, person, line(0), terms_days=30)
    await pay_by_cheque(office, person, 40, **{named["partly_paid"]["id"]: 40})
    await pay_by_cheque(office, person, 100, **{named["paid"]["id"]: 100})
    why = {"json": {"reason": "x"}, "headers": {"If-Match": '"2"'}}
    await office.post(f"/v1/invoices/{named['void']['id']}/void", **why)
    note = (await office.post(f"/v1/invoices/{named['credited']['id']}/credit-notes", **why)).json()

    async def ids(**asked: str) -> set[str]:
        found = (await office.get("/v1/invoices", params=asked)).raise_for_status().json()["items"]
        states = {asked.get("state")} - {None, "open"}
        assert not states or {each["state"] for each in found} <= states
        return {each["id"] for each in found}

    wanted = {name: {each["id"]} for name, each in named.items()} | {"draft": {draft["id"]}}
    wanted["paid"].add(free["id"])
    wanted["credited"].add(note["id"])
    wanted["open"] = wanted["issued"] | wanted["partly_paid"]
    for state, expected in wanted.items():
        assert await ids(state=state) == expected, state
    assert await ids(kind="credit_note") == {note["id"]}
    due = free["due_on"]
    assert await ids(due_since=due, due_until=due) == {free["id"]}
    today = free["issued_on"]
    assert len(await ids(issued_since=today, issued_until=today)) == 7
    assert await ids(issued_until="2001-01-01") == set()


@pytest.mark.parametrize(
    "path",
    [
        "invoices",
        "payments",
        "payment-entries",
        "payment-attempts",
        "payment-alerts",
        "payment-differences",
        "receivables?on=2026-01-01",
    ],
)
async def test_a_misspelt_filter_is_refused(embedded: Running[Any], path: str) -> None:
    async with client(embedded, "office.admin") as office:
        url = f"/v1/{path}{'&' if '?' in path else '?'}"
        assert (await office.get(f"{url}limit=1")).status_code == 200
        refused = await office.get(f"{url}stat=open")
        assert (refused.status_code, refused.json()["title"]) == (422, "There is no such filter")


async def test_the_document_shows_where_a_key_is_taken(embedded: Running[Any]) -> None:
    paths = create_app(embedded, loops=False).openapi()["paths"]
    takes = {
        path
        for path, operations in paths.items()
        if any(each["name"] == "Idempotency-Key" for each in operations.get("post", {}).get("parameters", []))
    }
    for path in (
        "/v1/invoices",
        "/v1/payments",
        "/v1/payments/{id}/refunds",
        "/v1/payment-attempts",
        "/v1/checkouts",
    ):
        assert path in takes
    for step in ("capture", "void", "refund"):
        assert f"/v1/payment-attempts/{{id}}/{step}" in takes
    assert not {path for path in takes if "webhooks" in path}
    gets = [operations["get"] for operations in paths.values() if "get" in operations]
    assert not [
        each for each in gets if any(one["name"] == "Idempotency-Key" for one in each.get("parameters", []))
    ]
