"""kill -9 around a call to the gateway: never a second charge, and nothing is lost."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from bills import invoice, issued, known_customer
from gateway import Clock, Payer, check_out, come_back, connected, gateway_at_work, state_of
from harness import at_work, client, of, said
from payments.service import service
from shared.events.money import PaymentRefunded, PaymentSettled

TESTS = Path(__file__).parents[1]
POINTS = ["payments_before_call", "payments_after_call", "payments_after_commit"]


async def kill_at(point: str, url: str, path: str, body: dict[str, Any] | None = None) -> None:
    environment = {**os.environ, "CALLBOARD_FAULT_POINT": point, "PYTHONPATH": str(TESTS)}
    command = [sys.executable, str(TESTS / "killed_charge.py"), url, path, json.dumps(body) if body else ""]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=subprocess.DEVNULL)
    assert await process.wait() == 137


@pytest.mark.parametrize("point", POINTS)
async def test_case_3_killed_around_a_charge_and_a_refund(
    point: str, tmp_path: Path, payer: Payer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/payments.db"
    async with at_work(service, url) as run, client(run, "office.admin") as office:
        await connected(office, payer)
        bill = await issued(office, await known_customer(run))
        await said(run)
    body = {"invoices": [{"invoice_id": bill["id"]}], "token": "tok_visa"}
    await kill_at(point, url, "/v1/payment-attempts", body)

    clock = Clock(monkeypatch)
    async with at_work(service, url) as run, client(run, "office.admin") as office:
        charged = point != "payments_before_call"
        (made,) = (await office.get("/v1/payment-attempts")).json()["items"]
        if made["state"] != "succeeded":
            assert made["state"] == "submitting"
            assert (await office.post("/v1/payment-attempts", json=body)).status_code == 409
        for minutes in (2, 20, 120):
            await clock.pass_by(run, minutes=minutes)
        assert await state_of(office, made["id"]) == ("succeeded" if charged else "failed")
        key = {"Idempotency-Key": "/v1/payment-attempts"}  # as whoever got no answer asks again
        again = await office.post("/v1/payment-attempts", json=body, headers=key)
        assert (again.status_code, again.json()["id"]) == (201, made["id"])
        if not charged:
            assert (await office.post("/v1/payment-attempts", json=body)).json()["state"] == "succeeded"
        assert len(await payer.charges()) == 1
        assert (await invoice(office, bill["id"]))["balance"] == 0
        assert len(of(await said(run), PaymentSettled)) == 1
        last = (await office.get("/v1/payment-attempts")).json()["items"][0]["id"]
    monkeypatch.undo()

    await kill_at(point, url, f"/v1/payment-attempts/{last}/refund", {"amount": 4000})
    clock = Clock(monkeypatch)
    async with at_work(service, url) as run, client(run, "office.admin") as office:
        for minutes in (180, 20, 120):
            await clock.pass_by(run, minutes=minutes)
        shown = (await office.get(f"/v1/payment-attempts/{last}")).json()
        refunds = [row for row in await payer.ledger() if row["kind"] == "refund"]
        assert (shown["refunded"], shown["reserved"]) == (4000, 0)
        assert [row["amount"] for row in refunds] == [4000]
        assert len(of(await said(run), PaymentRefunded)) == 1


@pytest.mark.parametrize("point", POINTS)
async def test_case_3_killed_on_the_way_back(
    point: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The payer has agreed at PayPal, and the capture is the process's last call."""
    url = f"sqlite+aiosqlite:///{tmp_path}/payments.db"
    async with gateway_at_work("paypal", tmp_path / "paypal") as payer:
        async with at_work(service, url) as run, client(run, "office.admin") as office:
            await connected(office, payer)
            bill = await issued(office, await known_customer(run))
            started = (await check_out(office, bill)).json()
            back = httpx.URL(await payer.decide(started["redirect_url"])).raw_path.decode()
            await said(run)
        await kill_at(point, url, back)
        clock = Clock(monkeypatch)
        async with at_work(service, url) as run, client(run, "office.admin") as office:
            await clock.pass_by(run, minutes=2)
            await clock.pass_by(run, minutes=2)
            assert "your payment has arrived" in (await come_back(office, back)).text
            assert (await state_of(office, started["id"]), len(await payer.charges())) == ("succeeded", 1)
            assert (await invoice(office, bill["id"]))["balance"] == 0
            assert len(of(await said(run), PaymentSettled)) == 1
