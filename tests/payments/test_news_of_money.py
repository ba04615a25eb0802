"""What gateways tell of refunds, voids and disputes: by the amount told, and in any order and repetition with
the same books in the end."""

import random
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from bills import invoice, issued, known_customer, line, pay_by_cheque
from gateway import Clock, Payer, charge, check_out, connected, sandbox
from harness import at_work, client
from news import sandbox_event, tell
from payments.flows import reversals, webhooks
from payments.flows.webhooks import PAUSES, apply_waiting
from payments.models import entry, operation
from payments.service import service
from shared.service import Running
from sqlalchemy import func, select

Office = httpx.AsyncClient
Event = dict[str, Any]


async def alerts(office: Office, kind: str) -> list[str]:
    rows = (await office.get("/v1/payment-alerts", params={"limit": 200})).raise_for_status().json()["items"]
    return [each["text"] for each in rows if each["kind"] == kind]


async def shown(office: Office, id: str) -> dict[str, Any]:
    return (await office.get(f"/v1/payment-attempts/{id}")).raise_for_status().json()


async def credit_of(office: Office, customer: Any) -> int:
    return (await office.get(f"/v1/customer-balances/{customer}")).raise_for_status().json()["credit"]


async def hear(run: Running[Any], office: Office, *events: Event) -> None:
    for event in events:
        await tell(office, "sandbox", event)
        await apply_waiting(run)


async def booked(run: Running[Any], attempt_id: str) -> int:
    """What the books have of this attempt's money."""
    async with run.database.read() as read:
        mine = select(operation.c.id).where(operation.c.attempt_id == UUID(attempt_id))
        query = select(func.coalesce(func.sum(entry.c.amount), 0)).where(entry.c.operation_id.in_(mine))
        return int((await read.execute(query.where(entry.c.kind != "applied"))).scalar_one())


def dispute(made: dict[str, Any], stage: str, id: str = "dp_1", **more: Any) -> Event:
    return sandbox_event(kind="dispute", id=id, charge=made["gateway_ref"], stage=stage, **more)


def refund(
    made: dict[str, Any], amount: int | None, id: str | None, total: int | None = None, **more: Any
) -> Event:
    event = sandbox_event(kind="refund", id=id, charge=made["gateway_ref"], amount=amount, **more)
    return event | ({} if total is None else {"refunded_total": total})


@pytest.mark.parametrize("parts", [[2540], [12540], [1, 12539], [3000, 4000]])
async def test_a_dispute_takes_its_own_amount(
    run: Running[Any], office: Office, bill: dict[str, Any], parts: list[int]
) -> None:
    made = await charge(office, bill)
    for number, amount in enumerate(parts):
        told = dispute(made, "withdrawn", f"dp_{number}", amount=amount, withdrawn=amount, fee=1500)
        await hear(run, office, told, told)
    found = await shown(office, made["id"])
    assert (found["refunded"], found["disputed"]) == (sum(parts), sum(parts))
    assert [(each["state"], each["withdrawn"], each["fee"]) for each in found["disputes"]] == [
        ("withdrawn", amount, 1500) for amount in parts
    ]
    assert (await invoice(office, bill["id"]))["balance"] == sum(parts)
    texts = await alerts(office, "dispute")
    assert len(texts) == len(parts)
    assert all("15.00 USD" in text for text in texts)
    assert any(f"{parts[0] // 100}.{parts[0] % 100:02} USD" in text for text in texts)
    assert await booked(run, made["id"]) == 12540 - sum(parts)


@pytest.mark.parametrize("back", ["won", "reinstated"])
@pytest.mark.parametrize("meanwhile", [0, 1000, 3000])
async def test_a_dispute_that_is_won_pays_again_what_it_had_paid(
    run: Running[Any], office: Office, bill: dict[str, Any], back: str, meanwhile: int
) -> None:
    made = await charge(office, bill)
    await hear(run, office, dispute(made, "opened", amount=3000))
    assert (await invoice(office, bill["id"]))["balance"] == 0
    await hear(run, office, dispute(made, "withdrawn", amount=3000, withdrawn=3000))
    assert (await invoice(office, bill["id"]))["balance"] == 3000
    if meanwhile:
        await pay_by_cheque(office, bill["customer_id"], meanwhile, **{bill["id"]: meanwhile})
    await hear(run, office, dispute(made, back, amount=3000, withdrawn=0))
    assert (await invoice(office, bill["id"]))["balance"] == 0
    assert await credit_of(office, bill["customer_id"]) == meanwhile
    assert bool(await alerts(office, "credit")) == bool(meanwhile)
    found = await shown(office, made["id"])
    assert (found["disputed"], found["refunded"], found["disputes"][0]["state"]) == (0, 0, back)
    assert (await check_out(office, bill)).status_code == 409  # nothing is to be paid any more


async def test_a_dispute_that_is_lost(run: Running[Any], office: Office, bill: dict[str, Any]) -> None:
    """Where the gateway tells only of its end; afterwards no more can be refunded than is left."""
    made = await charge(office, bill)
    await hear(run, office, dispute(made, "opened", amount=4000), dispute(made, "lost", amount=4000))
    assert (await invoice(office, bill["id"]))["balance"] == 4000
    path = f"/v1/payment-attempts/{made['id']}/refund"
    assert (await office.post(path, json={"amount": 8541})).status_code == 409
    assert (await office.post(path, json={})).json()["refunded"] == 12540


@pytest.mark.parametrize("kind", ["dispute", "refund"])
async def test_money_in_another_currency_is_not_booked(
    run: Running[Any], office: Office, bill: dict[str, Any], kind: str
) -> None:
    made = await charge(office, bill)
    told = refund(made, 3000, "re_1", currency="JPY")
    if kind == "dispute":
        told = dispute(made, "withdrawn", amount=3000, withdrawn=3000, currency="JPY")
    await hear(run, office, told)
    assert (await invoice(office, bill["id"]))["balance"] == 0
    (text,) = await alerts(office, kind)
    assert "3000 JPY" in text


@pytest.mark.parametrize("first", ["refund", "dispute"])
async def test_what_went_back_beyond_the_payment_is_named(
    run: Running[Any], office: Office, bill: dict[str, Any], first: str
) -> None:
    """Refunded, and disputed as well: the gateway takes more than there was."""
    made = await charge(office, bill)
    told = [refund(made, 10000, "re_1"), dispute(made, "lost", amount=4000, withdrawn=4000)]
    await hear(run, office, *(told if first == "refund" else told[::-1]))
    assert (await shown(office, made["id"]))["refunded"] == 12540
    assert await booked(run, made["id"]) == 0
    second = "dispute" if first == "refund" else "refund"
    (text,) = [text for text in await alerts(office, second) if "more than" in text]
    assert "14.60 USD" in text


async def test_totals_alone_are_booked_as_the_difference(
    run: Running[Any], office: Office, bill: dict[str, Any]
) -> None:
    """An account that tells of refunds only by the charge's sum."""
    made = await charge(office, bill)
    for total, refunded in ((4000, 4000), (4000, 4000), (6000, 6000), (1000, 6000)):
        await hear(run, office, refund(made, None, None, total))
        assert (await shown(office, made["id"]))["refunded"] == refunded
    assert (await invoice(office, bill["id"]))["balance"] == 6000
    assert len(await alerts(office, "refund")) == 2
    assert "20.00 USD" in (await alerts(office, "refund"))[0]


async def test_totals_count_our_own_refunds(
    run: Running[Any], office: Office, bill: dict[str, Any], payer: Payer
) -> None:
    made = await charge(office, bill)
    path = f"/v1/payment-attempts/{made['id']}/refund"
    (await office.post(path, json={"amount": 4000})).raise_for_status()
    await hear(run, office, refund(made, None, None, 4000))
    assert (await shown(office, made["id"]))["refunded"] == 4000
    await hear(run, office, refund(made, None, None, 5500))
    assert (await shown(office, made["id"]))["refunded"] == 5500


async def test_a_refund_without_amount_changes_nothing(
    run: Running[Any], office: Office, bill: dict[str, Any]
) -> None:
    made = await charge(office, bill)
    await hear(run, office, refund(made, None, "re_1"))
    assert (await shown(office, made["id"]))["refunded"] == 0


STORIES: dict[str, list[Event]] = {
    "refunds": [
        {"kind": "refund", "id": "re_1", "amount": 1000},
        {"kind": "refund", "id": "re_2", "amount": 500},
    ],
    "refunds and totals": [
        {"kind": "refund", "id": "re_1", "amount": 1000},
        {"kind": "refund", "id": "re_2", "amount": 500},
        {"kind": "refund", "total": 1000},
        {"kind": "refund", "total": 1500},
    ],
    "a total beyond the refunds": [
        {"kind": "refund", "id": "re_1", "amount": 1000},
        {"kind": "refund", "total": 1700},
    ],
    "a refund that failed": [
        {"kind": "refund", "id": "re_1", "amount": 1000},
        {"kind": "refund", "id": "re_1", "amount": 1000, "status": "declined"},
        {"kind": "refund", "id": "re_2", "amount": 300},
        {"kind": "refund", "total": 1300},
    ],
    "a dispute won": [
        {"kind": "dispute", "id": "dp_1", "stage": "opened", "amount": 2540},
        {"kind": "dispute", "id": "dp_1", "stage": "withdrawn", "amount": 2540, "withdrawn": 2540},
        {"kind": "dispute", "id": "dp_1", "stage": "reinstated", "amount": 2540, "withdrawn": 0},
        {"kind": "dispute", "id": "dp_1", "stage": "won", "amount": 2540, "withdrawn": 0},
    ],
    "a dispute lost, a refund, another dispute": [
        {"kind": "dispute", "id": "dp_1", "stage": "withdrawn", "amount": 2540, "withdrawn": 2540},
        {"kind": "dispute", "id": "dp_1", "stage": "lost", "amount": 2540, "withdrawn": 2540},
        {"kind": "refund", "id": "re_1", "amount": 1000},
        {"kind": "dispute", "id": "dp_2", "stage": "withdrawn", "amount": 700, "withdrawn": 700},
    ],
    "a void": [{"kind": "sale", "status": "voided", "amount": 12540}],
}
REFUNDED = {
    "refunds": 1500,
    "refunds and totals": 1500,
    "a total beyond the refunds": 1700,
    "a refund that failed": 300,
    "a dispute won": 0,
    "a dispute lost, a refund, another dispute": 4240,
    "a void": 12540,
}


@pytest.fixture
async def deaf(url: str, tmp_path: Path) -> AsyncGenerator[tuple[Running[Any], Office]]:
    """A service whose gateway tells, and does not answer."""
    async with (
        at_work(service, url) as run,
        client(run, "office.admin") as office,
        sandbox(tmp_path / "sandbox") as payer,
    ):
        await connected(office, payer)
        await payer.fault("refuse", times=None, path="/transactions")
        yield run, office


@pytest.mark.parametrize("story", STORIES)
async def test_the_order_of_news_does_not_matter(
    deaf: tuple[Running[Any], Office], clock: Clock, story: str
) -> None:
    """Nor does a repetition, nor whether the charge's own news comes first, last or in between."""
    run, office = deaf
    chance = random.Random(story)
    for round in range(8):
        clock.ahead *= 0
        person = await known_customer(run)
        bill = await issued(office, person, line(12540))
        started = (await check_out(office, bill)).json()
        known = await shown(office, started["id"])
        ref = f"tx_{story[:20]}_{round}".replace(" ", "_")
        sale = {"kind": "sale", "id": ref, "amount": 12540, "order": known["order_ref"]}
        sale |= {"our_id": UUID(started["id"]).hex}
        news = [sale, *STORIES[story]]
        news = [*news, *chance.sample(news, k=min(2, len(news)))] if round else news
        if round:
            chance.shuffle(news)
        for each in news:
            about = {name: value for name, value in each.items() if name != "total"}
            if each["kind"] == "sale":
                about = {**sale, **about}
            else:
                about["charge"] = ref
                if "id" in each:
                    about["id"] = f"{each['id']}_{round}"
            event = sandbox_event(**about)
            if "total" in each:
                event["refunded_total"] = each["total"]
            await tell(office, "sandbox", event)
            if chance.random() < 0.7:
                await apply_waiting(run)
        for _ in range(4):
            await clock.pass_by(run, seconds=40)
        found = await shown(office, started["id"])
        told = [(each["kind"], each.get("status"), each.get("stage"), each.get("total")) for each in news]
        assert (found["captured"], found["refunded"]) == (12540, REFUNDED[story]), told
        assert await booked(run, started["id"]) == 12540 - REFUNDED[story], told
        assert (await invoice(office, bill["id"]))["balance"] == REFUNDED[story], told
        assert await credit_of(office, person) == 0, told


async def test_news_of_a_payment_that_never_came_ends_in_an_alert(
    deaf: tuple[Running[Any], Office], clock: Clock
) -> None:
    """And is applied when it comes after all."""
    run, office = deaf
    bill = await issued(office, await known_customer(run))
    started = (await check_out(office, bill)).json()
    order = (await shown(office, started["id"]))["order_ref"]
    gone = sandbox_event(kind="refund", id="re_1", charge="tx_1", order=order, amount=2500)
    stranger = sandbox_event(kind="refund", id="re_2", charge="tx_2", amount=700)
    await hear(run, office, gone, stranger)
    for seconds in PAUSES:
        await clock.pass_by(run, seconds=seconds + 1)
    texts = await alerts(office, "unmatched")
    assert sorted(text.split(" USD")[0][-5:].strip() for text in texts) == ["25.00", "7.00"]
    sale = sandbox_event(kind="sale", id="tx_1", our_id=UUID(started["id"]).hex, order=order, amount=12540)
    await hear(run, office, sale)
    await apply_waiting(run)
    assert (await shown(office, started["id"]))["refunded"] == 2500
    (left,) = await alerts(office, "unmatched")
    assert "7.00 USD" in left


async def test_one_call_that_cannot_be_applied_holds_up_no_other(
    run: Running[Any],
    office: Office,
    bill: dict[str, Any],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is tried again, then a person is told and can have it tried once more."""
    made = await charge(office, bill)
    real, broken = reversals.hear_refund, True

    async def hear_refund(*args: Any, **more: Any) -> None:
        if broken and more["said"].result.gateway_ref == "re_1":
            raise ZeroDivisionError
        await real(*args, **more)

    monkeypatch.setattr(webhooks, "hear_refund", hear_refund)
    await tell(office, "sandbox", refund(made, 1000, "re_1"))
    await tell(office, "sandbox", refund(made, 300, "re_2"))
    await apply_waiting(run)
    assert (await shown(office, made["id"]))["refunded"] == 300
    (waiting,) = (await office.get("/v1/gateway-calls", params={"state": "received"})).json()["items"]
    assert waiting["tries"] == 1
    for seconds in PAUSES:
        await clock.pass_by(run, seconds=seconds + 1)
    (text,) = await alerts(office, "webhook_failed")
    assert "could not be applied" in text
    (failed,) = (await office.get("/v1/gateway-calls", params={"state": "failed"})).json()["items"]
    assert (failed["tries"], failed["reason"]) == (7, "applying it failed (ZeroDivisionError)")
    broken = False
    assert (await office.post(f"/v1/gateway-calls/{failed['id']}/retry")).status_code == 204
    await apply_waiting(run)
    assert (await shown(office, made["id"]))["refunded"] == 1300
    assert await alerts(office, "webhook_failed") == []
    assert (await office.post(f"/v1/gateway-calls/{failed['id']}/retry")).status_code == 409
