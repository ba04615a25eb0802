"""What an accountant books: days, currencies, what went back, and no income where none was."""

import csv
import io
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from bills import invoice, issued, known_customer, line, pay_by_cheque
from gateway import Clock, Payer, charge, connected, sandbox
from harness import at_work, client, feed
from hypothesis import given
from hypothesis import strategies as st
from payments.export import to_csv
from payments.service import service
from shared.events.portal import CompanyChanged
from shared.money import for_people, places, to_text
from shared.service import Running

ALL = {"since": "2000-01-01", "until": "2099-01-01"}


async def table(office: httpx.AsyncClient, name: str, days: dict[str, str] = ALL) -> list[dict[str, str]]:
    answer = (await office.get(f"/v1/exports/{name}", params=days)).raise_for_status()
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_what_went_back_is_negative_and_names_its_invoice(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer
) -> None:
    await connected(office, payer)
    person = await known_customer(run)
    made, other = await issued(office, person, line(10000)), await issued(office, person, line(5000))
    paid = await pay_by_cheque(office, person, 16000, **{made["id"]: 10000, other["id"]: 5000})
    body = {"amount": 3000, "reason": "as agreed"}
    assert (await office.post(f"/v1/payments/{paid.json()['id']}/refunds", json=body)).status_code == 201
    third = await issued(office, person, line(700))
    taken = await charge(office, third)
    await office.post(f"/v1/payment-attempts/{taken['id']}/void", json={})
    rows = await table(office, "payments")
    found = {(row["Type"], row["InvoiceNo"], row["Amount"]) for row in rows}
    assert {("Payment", made["number"], "100.00"), ("Payment", other["number"], "50.00")} <= found
    assert {("Payment", "", "10.00"), ("Refund", "", "-10.00")} <= found
    assert {("Payment", third["number"], "7.00"), ("Void", third["number"], "-7.00")} <= found
    assert sum(Decimal(row["Amount"]) for row in rows) == Decimal("130.00")
    assert {row["Memo"] for row in rows if row["Type"] == "Refund"} == {"as agreed"}


async def test_a_void_invoice_is_no_income(run: Running[Any], office: httpx.AsyncClient) -> None:
    person = await known_customer(run)
    gone, kept = await issued(office, person, tax_rate="10"), await issued(office, person, tax_rate="10")
    why = {"reason": "made twice"}
    await office.post(f"/v1/invoices/{gone['id']}/void", json=why, headers={"If-Match": '"2"'})
    note = {"reason": "gift", "amount": 1000}
    await office.post(f"/v1/invoices/{kept['id']}/credit-notes", json=note, headers={"If-Match": '"2"'})
    rows = {row["InvoiceNo"]: row for row in await table(office, "invoices")}
    void = rows[gone["number"]]
    assert (void["Status"], void["Amount"], void["TaxAmount"], void["Total"]) == (
        "void",
        "0.00",
        "0.00",
        "0.00",
    )
    assert void["VoidedOn"] == gone["issued_on"]
    assert (rows["CN-00001"]["Total"], rows["CN-00001"]["AppliesTo"]) == ("-10.00", kept["number"])
    totals: dict[str, Decimal] = {}
    for row in await table(office, "invoice-lines"):
        totals[row["InvoiceNo"]] = totals.get(row["InvoiceNo"], Decimal(0)) + Decimal(row["Amount"])
    assert totals == {number: Decimal(row["Total"]) for number, row in rows.items()}
    (noted,) = await table(office, "allocations")
    assert (noted["Type"], noted["InvoiceNo"], noted["CreditNoteNo"]) == (
        "Credit note",
        kept["number"],
        "CN-00001",
    )
    assert noted["Amount"] == "10.00"


async def test_days_are_the_companys(run: Running[Any], office: httpx.AsyncClient, clock: Clock) -> None:
    await feed(run, CompanyChanged(version=1, name="Señor", zone="America/Denver"))
    clock.ahead = datetime(2031, 3, 2, 5, 30, tzinfo=UTC) - clock.now()  # 22:30 of the day before in Denver
    person = await known_customer(run)
    made = await issued(office, person)
    await pay_by_cheque(office, person, 100, **{made["id"]: 100})
    for day, there in (("2031-03-01", 1), ("2031-03-02", 0)):
        one = {"since": day, "until": day}
        assert len(await table(office, "payments", one)) == there
        assert len((await office.get("/v1/payments", params=one)).json()["items"]) == there
        assert len((await office.get("/v1/payment-entries", params=one)).json()["items"]) == there
    (row,) = await table(office, "payments")
    assert (row["PaymentDate"], made["issued_on"]) == ("2031-03-01", "2031-03-01")


@pytest.mark.parametrize(
    ("currency", "total", "balance"),
    [("JPY", "12540", "12500"), ("KWD", "12.540", "12.500"), ("USD", "125.40", "125.00")],
)
async def test_currencies_have_their_own_places(
    url: str, tmp_path: Path, currency: str, total: str, balance: str
) -> None:
    async with (
        at_work(service, f"sqlite+aiosqlite:///{tmp_path}/own.db", currency=currency) as run,
        client(run, "office.admin") as office,
    ):
        person = await known_customer(run)
        made = await issued(office, person, line(12540))
        await pay_by_cheque(office, person, 40, **{made["id"]: 40})
        (bill,) = await table(office, "invoices")
        (item,) = await table(office, "invoice-lines")
    assert (bill["Total"], bill["Balance"], item["UnitPrice"]) == (total, balance, total)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["USD", "JPY", "KWD", "EUR", "TND", "KRW"]))
def test_one_formatter_keeps_the_amount(amount: int, currency: str) -> None:
    text = to_text(amount, currency)
    assert Decimal(text) * 10 ** places(currency) == amount
    assert len(text.partition(".")[2]) == places(currency)
    assert for_people(abs(amount), currency).replace(",", "").lstrip(f"${currency} ") == to_text(
        abs(amount), currency
    )


signs = st.sampled_from(["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹢", "﹣"])
before = st.text(st.sampled_from("\n\r\t \u00a0\u200b\ufeff\u3000\x0b\x1f"), max_size=4)


@given(before, signs, st.text(max_size=10))
def test_no_cell_is_a_formula(start: str, sign: str, rest: str) -> None:
    text = to_csv(["a"], [{"a": f"{start}{sign}{rest}"}])
    (_, (cell,)) = csv.reader(io.StringIO(text, newline=""))
    assert cell == f"'{start}{sign}{rest}"


@given(st.sampled_from(["\n1", "\r1", "\t1", "\x00x"]))
def test_a_control_character_in_front_is_defused(text: str) -> None:
    assert to_csv(["a"], [{"a": text}]).split("\r\n", 1)[1].lstrip('"').startswith("'")


async def test_more_invoices_than_a_database_takes_ids(
    run: Running[Any], office: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await known_customer(run)
    made = [await issued(office, person, line(100 + n)) for n in range(5)]
    monkeypatch.setattr("payments.queries.invoices._AT_ONCE", 2)  # so that five are more than fit
    rows = await table(office, "invoices")
    assert [row["InvoiceNo"] for row in rows] == [each["number"] for each in made]
    assert (await invoice(office, made[4]["id"]))["total"] == 104


@pytest.fixture
async def payer(tmp_path: Path) -> AsyncGenerator[Payer]:
    async with sandbox(tmp_path / "sandbox") as found:
        yield found


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/payments.db"
