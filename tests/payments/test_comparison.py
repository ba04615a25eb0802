"""The comparison of the day: every day, every account, and nothing that is no difference."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from bills import invoice, issued, known_customer
from gateway import Clock, Payer, charge, connected, gateway_at_work
from news import sandbox_event, tell
from payments.flows.reconciliation import compare_day, compare_due
from payments.flows.webhooks import apply_waiting
from shared.service import Running

Office = httpx.AsyncClient


async def differences(office: Office, **asked: Any) -> list[dict[str, Any]]:
    found = await office.get("/v1/payment-differences", params={"settled": False, **asked})
    return found.raise_for_status().json()["items"]


async def alerts(office: Office) -> list[str]:
    items = (await office.get("/v1/payment-alerts")).raise_for_status().json()["items"]
    return [each["kind"] for each in items]


@pytest.fixture
async def today(office: Office, payer: Payer, bill: dict[str, Any]) -> Any:
    return datetime.now(UTC).date()


async def test_every_day_is_compared_also_after_an_outage(
    run: Running[Any], office: Office, payer: Payer, bill: dict[str, Any], clock: Clock
) -> None:
    """Of our service, or of the gateway: nothing is skipped, and nothing is found twice."""
    clock.ahead += timedelta(days=2)
    assert await compare_due(run) == 0
    books, now = payer.app.state.house.books, datetime.now(UTC)
    for days in (2, 3, 4, 5):
        row = books.charge(our_id=f"stranger {days}", amount=100 + days, currency="USD")
        books.keep(row.model_copy(update={"at": now + timedelta(days=days)}))
    clock.ahead += timedelta(days=5)
    await payer.fault("refuse", times=None, path="/transactions")
    assert await compare_due(run) == 0
    assert await alerts(office) == ["not_compared"]
    assert await compare_due(run) == 0
    assert await alerts(office) == ["not_compared"]
    (await payer.http.delete(f"{payer.url}/faults")).raise_for_status()
    assert [await compare_due(run), await compare_due(run)] == [4, 0]
    found = await differences(office)
    assert sorted(each["theirs"] for each in found) == [102, 103, 104, 105]
    assert len({each["day"] for each in found}) == 4


@pytest.mark.parametrize("hours", [-14, -6, 6, 14])
async def test_another_clock_of_the_gateway_is_no_difference(
    run: Running[Any], office: Office, payer: Payer, bill: dict[str, Any], today: Any, hours: int
) -> None:
    await charge(office, bill)
    books = payer.app.state.house.books
    for row in list(books.transactions.values()):
        books.keep(row.model_copy(update={"at": row.at + timedelta(hours=hours)}))
    for days in (-1, 0, 1):
        assert await compare_day(run, today + timedelta(days=days)) == 0


async def test_voids_refunds_and_disputes_are_no_differences(
    run: Running[Any], office: Office, payer: Payer, bill: dict[str, Any], today: Any
) -> None:
    person = bill["customer_id"]
    voided, refunded, disputed = [bill, *[await issued(office, person) for _ in range(2)]]
    first, second, third = [await charge(office, each) for each in (voided, refunded, disputed)]
    (await office.post(f"/v1/payment-attempts/{first['id']}/void", json={})).raise_for_status()
    (await office.post(f"/v1/payment-attempts/{second['id']}/refund", json={"amount": 5})).raise_for_status()
    about = {"kind": "dispute", "id": "dp_1", "charge": third["gateway_ref"], "stage": "withdrawn"}
    await tell(office, "sandbox", sandbox_event(**about, amount=700, withdrawn=700))
    await apply_waiting(run)
    assert await compare_day(run, today) == 0
    assert (await invoice(office, disputed["id"]))["balance"] == 700


async def test_what_went_back_untold_is_booked_from_the_list(
    run: Running[Any], office: Office, payer: Payer, bill: dict[str, Any], today: Any
) -> None:
    made = await charge(office, bill)
    books = payer.app.state.house.books
    books.refund(made["gateway_ref"], 2500, "at the gateway's own page")
    assert [await compare_day(run, today) for _ in range(2)] == [0, 0]
    found = (await office.get(f"/v1/payment-attempts/{made['id']}")).json()
    assert (found["refunded"], (await invoice(office, bill["id"]))["balance"]) == (2500, 2500)
    assert "refund" in await alerts(office)


@pytest.mark.parametrize(("what", "back"), [("refund", 2500), ("void", 12540)])
async def test_what_merchantwares_dashboard_took_back_is_booked_from_its_list(
    run: Running[Any], office: Office, tmp_path: Path, what: str, back: int
) -> None:
    """Its list names no charge: the details of the refund or void do."""
    async with gateway_at_work("merchantware", tmp_path / "merchantware") as payer:
        await connected(office, payer)
        bill = await issued(office, await known_customer(run))
        made = await charge(office, bill)
        done = f"{payer.url}/dashboard/{made['gateway_ref']}/{what}"
        (await payer.http.post(done, json={"amount": 2500})).raise_for_status()
        today = datetime.now(UTC).date()
        assert [await compare_day(run, today) for _ in range(2)] == [0, 0]
        assert (await invoice(office, bill["id"]))["balance"] == back
        texts = [each["text"] for each in (await office.get("/v1/payment-alerts")).json()["items"]]
        assert any(f"{back // 100}.{back % 100:02} USD" in each for each in texts)


async def test_a_difference_is_settled_with_a_reason(
    run: Running[Any], office: Office, payer: Payer, bill: dict[str, Any], today: Any
) -> None:
    payer.app.state.house.books.charge(our_id="stranger", amount=77, currency="USD")
    assert await compare_day(run, today) == 1
    (open_,) = await differences(office)
    path, etag = f"/v1/payment-differences/{open_['id']}/settle", {"If-Match": f'"{open_["version"]}"'}
    assert (await office.post(path, json={}, headers=etag)).status_code == 422
    body = {"note": "Paid at the shop's own terminal."}
    assert (await office.post(path, json=body, headers=etag)).status_code == 204
    assert (await differences(office), await alerts(office)) == ([], [])
    (settled,) = await differences(office, settled=True)
    assert (settled["note"], settled["settled_by"]) == (body["note"], "anna")
    again = {"If-Match": f'"{settled["version"]}"'}
    assert (await office.post(path, json=body, headers=again)).status_code == 409
    assert await compare_day(run, today) == 0


async def test_a_closed_account_is_compared_and_heard(
    run: Running[Any], office: Office, payer: Payer, bill: dict[str, Any], today: Any
) -> None:
    made = await charge(office, bill)
    (account,) = (await office.get("/v1/gateway-accounts")).json()
    path, etag = f"/v1/gateway-accounts/{account['id']}", {"If-Match": f'"{account["version"]}"'}
    (await office.patch(path, json={"closed": True}, headers=etag)).raise_for_status()
    told = sandbox_event(kind="refund", id="re_1", charge=made["gateway_ref"], amount=300)
    await tell(office, "sandbox", told)
    await apply_waiting(run)
    assert (await invoice(office, bill["id"]))["balance"] == 300
    payer.app.state.house.books.charge(our_id="stranger", amount=77, currency="USD")
    await compare_day(run, today)
    assert 77 in [each["theirs"] for each in await differences(office)]


async def test_payments_of_the_neighbouring_days_are_theirs(
    run: Running[Any], office: Office, payer: Payer, bill: dict[str, Any], today: Any
) -> None:
    """A payment that is missing at the gateway is missing on its own day alone."""
    await charge(office, bill)
    payer.app.state.house.books.transactions.clear()
    found = [await compare_day(run, today + timedelta(days=days)) for days in (-1, 1, 0)]
    assert found == [0, 0, 1]
    (only,) = await differences(office)
    assert (only["kind"], only["day"], only["ours"]) == ("missing_there", str(today), 12540)
