"""What the bookkeeper gets: CSV, and where the gateway's list differs from our books."""

import csv
import io
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bills import issued, known_customer, line, pay_by_cheque
from gateway import Payer, connected, sandbox
from harness import at_work, client
from payments.flows.reconciliation import compare_day
from payments.service import service
from shared.service import Running

DAYS = {"since": "2000-01-01", "until": "2099-01-01"}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/payments.db"


@pytest.fixture
async def payer(tmp_path: Path) -> AsyncGenerator[Payer]:
    async with sandbox(tmp_path / "sandbox") as found:
        yield found


async def test_csv_holds_no_formulas(run: Running[Any], office: Any) -> None:
    person = await known_customer(run, '=HYPERLINK("http://x")')
    bill = await issued(office, person, line(12540), note='+1 part, "new"')
    await pay_by_cheque(office, person, 2540, **{bill["id"]: 2540})
    await office.post(
        f"/v1/invoices/{bill['id']}/credit-notes",
        json={"reason": "gift", "amount": 1000},
        headers={"If-Match": '"3"'},
    )
    text = (await office.get("/v1/exports/invoices", params=DAYS)).text
    note, invoice = list(csv.DictReader(io.StringIO(text)))
    assert (invoice["Customer"], invoice["Memo"]) == ('\'=HYPERLINK("http://x")', '\'+1 part, "new"')
    assert (invoice["Total"], invoice["Balance"], invoice["Status"]) == ("125.40", "90.00", "partly_paid")
    assert (note["InvoiceNo"], note["Total"]) == ("CN-00001", "-10.00")
    paid = (await office.get("/v1/exports/payments", params=DAYS)).text
    assert [row["Amount"] for row in csv.DictReader(io.StringIO(paid))] == ["25.40"]


async def test_the_gateways_list_is_held_against_our_books(
    run: Running[Any], office: Any, payer: Payer
) -> None:
    await connected(office, payer)
    bills = [await issued(office, await known_customer(run)) for _ in range(3)]
    for bill in bills:
        body = {"invoices": [{"invoice_id": bill["id"]}], "token": "tok_visa"}
        await office.post("/v1/payment-attempts", json=body)
    today = datetime.now(UTC).date()
    assert await compare_day(run, today) == 0
    books = payer.app.state.house.books
    first, second, _ = books.transactions.values()
    books.keep(first.model_copy(update={"amount": 1}))
    del books.transactions[second.id]
    stranger = books.charge(our_id="other", amount=77, currency="USD")
    assert [await compare_day(run, today) for _ in range(2)] == [3, 0]
    listed = (await office.get("/v1/payment-differences")).json()["items"]
    assert {(row["kind"], row["reference"], row["ours"], row["theirs"]) for row in listed} == {
        ("amount", first.id, 12540, 1),
        ("missing_there", second.id, 12540, None),
        ("missing_here", stranger.id, None, 77),
    }


async def test_money_is_for_the_office(tmp_path: Path) -> None:
    """The office alone sees money."""
    async with (
        at_work(service, f"sqlite+aiosqlite:///{tmp_path}/p.db") as run,
        client(run, "technician") as technician,
        client(run) as nobody,
    ):
        for path in (
            "invoices",
            "payments",
            "payment-attempts",
            "gateway-accounts",
            "receivables?on=2026-01-01",
        ):
            assert (await technician.get(f"/v1/{path}")).status_code == 403
            assert (await nobody.get(f"/v1/{path}")).status_code == 401
