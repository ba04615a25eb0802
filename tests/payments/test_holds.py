"""What is only held is no money, and a capture on its way is booked once, whoever tells of it first."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from bills import invoice
from gateway import charge
from payments.flows.operations import apply_operation, begin
from payments.flows.outcomes import apply_charge, locked
from payments.flows.traces import Heard
from payments.gateways.base import Result
from payments.models import attempt, operation
from shared.service import Running
from sqlalchemy import update

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


async def held(office: httpx.AsyncClient, bill: dict[str, Any], kind: str) -> UUID:
    return UUID((await charge(office, bill, kind=kind))["id"])


async def test_news_of_a_capture_that_is_on_its_way_is_not_booked_twice(
    run: Running[Any], office: httpx.AsyncClient, bill: dict[str, Any]
) -> None:
    id = await held(office, bill, "authorize")
    async with run.work() as work:
        row = await locked(work, id)
        capture = await begin(work, row, kind="capture", amount=None, reason=None, who="tester")
    news = Heard(
        Result(outcome="approved", gateway_ref=row.gateway_ref, captured=True), "webhook", "webhook", "gw"
    )
    async with run.work() as work:
        assert await apply_charge(work, attempt_id=id, heard=news) == "authorized"
    answered = Heard(Result(outcome="approved", gateway_ref="capture-1"), "call", "api", "tester")
    async with run.work() as work:
        assert await apply_operation(work, operation_id=capture, heard=answered) == "succeeded"
    async with run.work() as work:
        await apply_charge(work, attempt_id=id, heard=news)
    assert (await invoice(office, bill["id"]))["balance"] == 0
    shown = (await office.get(f"/v1/payment-attempts/{id}")).json()
    assert (shown["captured"], shown["state"]) == (12540, "succeeded")
    paid = (await invoice(office, bill["id"]))["paid"]
    assert paid == 12540


async def test_a_sale_that_the_gateway_only_held_is_no_money_until_it_is_captured(
    run: Running[Any], office: httpx.AsyncClient, bill: dict[str, Any]
) -> None:
    id = await held(office, bill, "authorize")
    async with run.work() as work:  # as if a sale had been asked for, and its answer were still to come
        row = await locked(work, id)
        asked = {"kind": "sale", "state": "unknown"}
        await work.session.execute(update(attempt).where(attempt.c.id == id).values(asked))
        await work.session.execute(update(operation).where(operation.c.attempt_id == id).values(asked))
    only_held = Result(outcome="approved", gateway_ref=row.gateway_ref, captured=False)
    async with run.work() as work:
        await apply_charge(work, attempt_id=id, heard=Heard(only_held, "look", "janitor", "janitor"))
    path = f"/v1/payment-attempts/{id}"
    assert (await office.get(path)).json()["captured"] == 0
    done = (await office.post(f"{path}/capture", json={})).json()
    assert (done["state"], done["captured"]) == ("succeeded", 12540)
    back = await office.post(f"{path}/refund", json={"amount": 12541})
    assert back.status_code == 409
