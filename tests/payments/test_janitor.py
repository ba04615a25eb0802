"""Looking at what is not settled: nothing waits for ever, and nobody waits for another gateway."""

import asyncio
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from bills import issued, known_customer
from gateway import Clock, Payer, charge, check_out, connected, gateway_at_work, state_of
from harness import at_work, client
from payments.flows.janitor import look_through_account
from payments.models import gateway_account, operation
from payments.service import service
from pydantic import SecretStr
from shared.secrets import seal
from shared.service import Running
from sqlalchemy import update

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
Office, Bill = httpx.AsyncClient, dict[str, Any]


async def alerts(office: Office) -> list[dict[str, Any]]:
    return (await office.get("/v1/payment-alerts")).raise_for_status().json()["items"]


async def lose_the_key(run: Running[Any]) -> None:
    """The account's secrets, as if they had been sealed with another key."""
    async with run.work() as work:
        values = {"secrets": seal(run.settings, SecretStr("{}"), "somewhere else")}
        await work.session.execute(update(gateway_account).values(values))


async def break_looks(run: Running[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr("payments.flows.calls.compare", broken)
    monkeypatch.setattr("payments.flows.calls.open_case", broken)
    monkeypatch.setattr("payments.flows.sending.open_case", broken)


@pytest.mark.parametrize("how", ["secrets", "exception"])
@pytest.mark.parametrize("mode", ["drop", "pending"])
async def test_what_cannot_be_looked_up_is_told_and_left_to_a_person(
    run: Running[Any],
    office: Office,
    payer: Payer,
    bill: Bill,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    mode: str,
) -> None:
    await payer.fault(mode)
    made = await charge(office, bill)
    if how == "secrets":
        await lose_the_key(run)
    else:
        await break_looks(run, monkeypatch)
    await clock.pass_by(run, minutes=2)
    (told,) = await alerts(office)
    assert (told["kind"], told["attempt_id"]) == ("look_failed", made["id"])
    assert "125.40 USD" in told["text"]
    for _ in range(25):
        await clock.pass_by(run, days=1, minutes=1)
    assert await state_of(office, made["id"]) == "needs_review"
    kinds = sorted(each["kind"] for each in await alerts(office))
    assert kinds == ["look_failed", "needs_review"]


async def test_a_refund_that_cannot_be_looked_up_is_left_to_a_person(
    run: Running[Any], office: Office, payer: Payer, bill: Bill, clock: Clock
) -> None:
    made = await charge(office, bill)
    await payer.fault("drop")
    path = f"/v1/payment-attempts/{made['id']}"
    assert (await office.post(f"{path}/refund", json={"amount": 4000})).json()["reserved"] == 4000
    await lose_the_key(run)
    for _ in range(15):
        await clock.pass_by(run, days=1, minutes=1)
    refund = (await office.get(path)).json()["operations"][-1]
    assert (refund["kind"], refund["state"]) == ("refund", "needs_review")


async def test_a_void_of_our_own_rules_that_cannot_be_sent_is_left_to_a_person(
    run: Running[Any], office: Office, payer: Payer, clock: Clock
) -> None:
    await connected(office, payer, cvv_policy="void")
    bill = await issued(office, await known_customer(run))
    await payer.fault("cvv_fail")
    made = await charge(office, bill)
    await lose_the_key(run)
    for _ in range(15):
        await clock.pass_by(run, days=1, minutes=1)
    shown = (await office.get(f"/v1/payment-attempts/{made['id']}")).json()
    assert shown["operations"][-1]["state"] == "needs_review"
    assert "look_failed" in {each["kind"] for each in await alerts(office)}


async def test_with_unreadable_secrets_nothing_is_begun(
    run: Running[Any], office: Office, payer: Payer, bill: Bill
) -> None:
    paid = await charge(office, bill, invoices=[{"invoice_id": bill["id"], "amount": 100}])
    await lose_the_key(run)
    body = {"invoices": [{"invoice_id": bill["id"]}], "token": "tok_visa"}
    for answer in (
        await office.post("/v1/payment-attempts", json=body),
        await check_out(office, bill),
        await office.post(f"/v1/payment-attempts/{paid['id']}/refund", json={}),
        await office.post(f"/v1/payment-attempts/{paid['id']}/look"),
    ):
        assert answer.status_code == 409, answer.text
        assert "Enter them again" in answer.json()["detail"]
    assert len((await office.get("/v1/payment-attempts")).json()["items"]) == 1
    async with run.database.read() as read:
        rows = (await read.execute(operation.select())).all()
    assert len(rows) == 1


@pytest.fixture
async def silent(tmp_path: Path) -> AsyncGenerator[Payer]:
    async with gateway_at_work("stripe", tmp_path / "stripe") as found:
        yield found


async def test_a_silent_gateway_holds_up_no_other(
    url: str, tmp_path: Path, silent: Payer, payer: Payer, clock: Clock
) -> None:
    """With the loops at work: the other's payment is settled while this one does not answer."""
    database = f"sqlite+aiosqlite:///{tmp_path}/own.db"
    async with (
        at_work(service, database, loops=True, janitor_seconds=0.1, gateway_seconds=30) as run,
        client(run, "office.admin") as office,
    ):
        await connected(office, silent)
        for _ in range(6):
            started = await check_out(office, await issued(office, await known_customer(run)))
            assert started.status_code == 201, started.text
        await connected(office, payer)
        await payer.fault("drop")
        made = await charge(office, await issued(office, await known_customer(run)))
        await silent.fault("stall", seconds=8, times=None)
        began = time.monotonic()
        clock.ahead = clock.ahead.__class__(minutes=2)
        while await state_of(office, made["id"]) == "unknown" and time.monotonic() - began < 6:
            run.wake("janitor")
            await asyncio.sleep(0.05)
        assert await state_of(office, made["id"]) == "succeeded"


async def test_calls_to_one_account_run_side_by_side(
    run: Running[Any], office: Office, payer: Payer, clock: Clock
) -> None:
    account = await connected(office, payer)
    for _ in range(8):
        await check_out(office, await issued(office, await known_customer(run)))
    await payer.fault("stall", seconds=0.5, times=8)
    clock.ahead = clock.ahead.__class__(minutes=2)
    began = time.monotonic()
    assert await look_through_account(run, UUID(account["id"])) == 8
    assert time.monotonic() - began < 0.5 * 8
