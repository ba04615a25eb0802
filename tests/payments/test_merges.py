"""Customers who were merged, and what each owes: as long as the merge lasts, the one who stays owes both."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import httpx
import pytest
from bills import invoice, issued, known_customer, line, pay_by_cheque, ticket
from gateway import Payer, connected, sandbox
from harness import client, feed
from shared.events.customer import CustomerChanged
from shared.service import Running

TODAY = {"since": "2020-01-01", "until": "2099-12-31"}


async def merge(run: Running[Any], gone: UUID, into: UUID | None, version: int = 2) -> None:
    about = {"number": 1, "kind": "person", "name": "Pat Example", "version": version}
    await feed(run, CustomerChanged(customer_id=gone, merged_into=into, closed=into is not None, **about))


async def owes(office: httpx.AsyncClient, id: UUID) -> tuple[int, int]:
    """What is owed and what is credit; the open invoices and the statement must agree."""
    found = (await office.get(f"/v1/customer-balances/{id}")).raise_for_status().json()
    rows = (await office.get(f"/v1/customer-balances/{id}/invoices")).raise_for_status().json()["items"]
    assert sum(row["balance"] for row in rows) == found["owed"]
    statement = (await office.get(f"/v1/statements/{id}", params=TODAY)).raise_for_status().json()
    assert statement["closing"] == found["owed"] - found["credit"]
    return found["owed"], found["credit"]


@pytest.fixture
async def two(run: Running[Any], office: httpx.AsyncClient) -> tuple[UUID, UUID, list[dict[str, Any]]]:
    """The one who will go, owing 100.00, with 20.00 of credit, and the one who stays, owing 50.00."""
    gone, stays = await known_customer(run, "Pat Example"), await known_customer(run, "P. Example")
    bills = [await issued(office, gone, line(10000)), await issued(office, stays, line(5000))]
    assert (await pay_by_cheque(office, gone, 2000)).status_code == 201
    return gone, stays, bills


async def test_debts_follow_a_merge_and_its_undoing(
    run: Running[Any], office: httpx.AsyncClient, two: tuple[UUID, UUID, list[dict[str, Any]]]
) -> None:
    gone, stays, (theirs, own) = two
    await merge(run, gone, stays)
    assert await owes(office, stays) == (15000, 2000)
    listed = (await office.get("/v1/invoices", params={"customer_id": str(stays)})).json()["items"]
    assert {each["id"] for each in listed} == {theirs["id"], own["id"]}
    (owing,) = (await office.get("/v1/receivables", params={"on": "2026-01-01"})).json()["items"]
    assert (owing["customer_id"], owing["total"]) == (str(stays), 15000)

    shares = {theirs["id"]: 9000, own["id"]: 1000}
    assert (await pay_by_cheque(office, stays, 10500, **shares)).status_code == 201
    assert (await office.post(f"/v1/invoices/{own['id']}/apply-credit", json={})).status_code == 200
    assert (await invoice(office, own["id"]))["balance"] == 1500
    assert await owes(office, stays) == (2500, 0)

    await merge(run, gone, None, version=3)
    assert await owes(office, gone) == (1000, -0)
    assert await owes(office, stays) == (1500, 0)
    both = (await office.get("/v1/receivables", params={"on": "2026-01-01"})).json()["items"]
    assert {each["customer_id"]: each["total"] for each in both} == {str(gone): 1000, str(stays): 1500}
    assert (await pay_by_cheque(office, stays, 100, **{theirs["id"]: 100})).status_code == 422


async def test_another_customers_invoice_stays_another_customers(
    run: Running[Any], office: httpx.AsyncClient, two: tuple[UUID, UUID, list[dict[str, Any]]]
) -> None:
    gone, stays, (theirs, _) = two
    assert (await pay_by_cheque(office, stays, 100, **{theirs["id"]: 100})).status_code == 422
    assert await owes(office, stays) == (5000, 0)
    await merge(run, gone, await known_customer(run, "Somebody else"))
    assert (await pay_by_cheque(office, stays, 100, **{theirs["id"]: 100})).status_code == 422


@pytest.fixture
async def payer(tmp_path: Any) -> AsyncGenerator[Payer]:
    async with sandbox(tmp_path / "sandbox") as found:
        yield found


async def test_the_portal_pays_what_both_owed_at_once(
    run: Running[Any],
    office: httpx.AsyncClient,
    two: tuple[UUID, UUID, list[dict[str, Any]]],
    payer: Payer,
) -> None:
    gone, stays, bills = two
    await connected(office, payer)
    ids = [each["id"] for each in bills]
    async with client(run) as browser:
        body = {"ticket": ticket(stays, *ids, cap=15000)}
        assert (await browser.post("/v1/checkouts", json=body)).status_code == 404
        await merge(run, gone, stays)
        body = {"ticket": ticket(stays, *ids, cap=15000)}
        started = (await browser.post("/v1/checkouts", json=body)).raise_for_status().json()
        back = await payer.decide(started["redirect_url"])
        await browser.get(httpx.URL(back).raw_path.decode())
    assert [(await invoice(office, id))["balance"] for id in ids] == [0, 0]
    assert await owes(office, stays) == (0, 2000)
    await merge(run, gone, None, version=3)
    assert await owes(office, gone) == (0, 2000)
    assert await owes(office, stays) == (0, 0)
