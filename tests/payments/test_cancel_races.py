"""A page that is ended at the moment its payer comes back: one of them wins, and nobody pays twice."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from bills import invoice
from gateway import Clock, Payer, check_out, gateway_at_work, state_of
from harness import client
from payments import ledger
from payments.flows.outcomes import apply_charge
from payments.flows.traces import Heard
from payments.gateways.base import Outcome, Result
from payments.models import attempt
from shared.service import Running
from sqlalchemy import update

Office, Bill = httpx.AsyncClient, dict[str, Any]


@pytest.fixture
async def payer(tmp_path: Path) -> AsyncGenerator[Payer]:
    async with gateway_at_work("paypal", tmp_path / "paypal") as found:
        yield found


@pytest.mark.parametrize("late", [0.0, 0.004, 0.02, 0.1])
async def test_case_16_cancel_while_the_capture_is_on_its_way(
    run: Running[Any], office: Office, payer: Payer, bill: Bill, late: float
) -> None:
    """Neither the office's cancel nor a second Pay Now makes a second charge."""
    started = (await check_out(office, bill)).json()
    back = httpx.URL(await payer.decide(started["redirect_url"]))
    await payer.fault("stall", path="capture", seconds=0.4)

    async def cancel() -> int:
        await asyncio.sleep(late)
        return (await office.post(f"/v1/payment-attempts/{started['id']}/cancel")).status_code

    async with client(run) as browser:
        _, code = await asyncio.gather(browser.get(back.path, params=back.params), cancel())
    state = await state_of(office, started["id"])
    assert (state, code) in (("succeeded", 409), ("canceled", 200))
    if state == "canceled":
        again = (await check_out(office, bill)).json()
        async with client(run) as browser:
            url = httpx.URL(await payer.decide(again["redirect_url"]))
            await browser.get(url.path, params=url.params)
    taken = [row["amount"] for row in await payer.ledger() if row["status"] == "approved"]
    assert sum(taken) == 12540, (state, await payer.ledger())
    assert (await invoice(office, bill["id"]))["balance"] == 0


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("outcome", ["canceled", "declined", "pending", "not_found", "error", "unknown"])
@pytest.mark.parametrize("asked", ["look", "webhook", "resend"])
async def test_other_news_than_money_does_not_end_a_call_that_is_on_its_way(
    run: Running[Any], office: Office, payer: Payer, bill: Bill, outcome: Outcome, asked: ledger.Asked
) -> None:
    started = (await check_out(office, bill)).json()
    id = UUID(started["id"])
    async with run.work() as work:
        await work.session.execute(update(attempt).where(attempt.c.id == id).values(state="submitting"))
    async with run.work() as work:
        news = Heard(Result(outcome=outcome), asked, "webhook", "gateway")
        assert await apply_charge(work, attempt_id=id, heard=news) == "submitting"
    assert (await check_out(office, bill)).status_code == 409


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_the_janitor_does_not_give_up_what_has_gone_on_meanwhile(
    run: Running[Any], office: Office, payer: Payer, bill: Bill, clock: Clock
) -> None:
    """At the page's expiry its payer comes back: the capture's answer counts."""
    started = (await check_out(office, bill)).json()
    back = httpx.URL(await payer.decide(started["redirect_url"]))
    await payer.fault("stall", path="capture", seconds=0.4)

    async with client(run) as browser:
        clock.ahead = clock.ahead.__class__(hours=3)
        await asyncio.gather(browser.get(back.path, params=back.params), clock.pass_by(run, seconds=0))
    state = await state_of(office, started["id"])
    taken = [row for row in await payer.ledger() if row["status"] == "approved"]
    assert (state, len(taken)) in (("succeeded", 1), ("canceled", 0))
