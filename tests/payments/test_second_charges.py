"""Two charges under one payment: each is booked once, and what is told of one belongs to that one."""

from itertools import permutations
from typing import Any
from uuid import UUID

import httpx
import pytest
from bills import invoice, issued
from gateway import Clock, Payer, charge, state_of
from news import sandbox_event, tell
from payments.flows.webhooks import apply_waiting
from payments.gateways.base import Expected, Result
from payments.gateways.findings import approved
from payments.gateways.found import Finding, Findings
from shared.service import Running

Office, Bill = httpx.AsyncClient, dict[str, Any]


async def alerts(office: Office) -> list[str]:
    items = (await office.get("/v1/payment-alerts", params={"limit": 200})).raise_for_status().json()["items"]
    return [each["kind"] for each in items]


async def credit(office: Office, bill: Bill) -> int:
    return (await office.get(f"/v1/customer-balances/{bill['customer_id']}")).json()["credit"]


async def attempts(office: Office) -> dict[str, dict[str, Any]]:
    items = (await office.get("/v1/payment-attempts")).raise_for_status().json()["items"]
    return {each["gateway_ref"]: each for each in items}


async def twin_of(payer: Payer, ref: str, amount: int = 12540) -> str:
    """The gateway has charged a second time under our id."""
    books = payer.app.state.house.books
    books.keep(books.transactions[ref].model_copy(update={"id": "sbtwin", "amount": amount}))
    return "sbtwin"


@pytest.mark.parametrize("chosen", [0, 1])
@pytest.mark.parametrize("other", [12540, 700])
async def test_both_of_two_charges_that_a_look_up_shows_at_once_are_booked(
    office: Office, payer: Payer, bill: Bill, chosen: int, other: int
) -> None:
    await payer.fault("drop")
    made = await charge(office, bill)
    assert made["state"] == "unknown"
    (first,) = await payer.ledger()
    refs = [first["id"], await twin_of(payer, first["id"], other)]
    amounts = [12540, other]
    path = f"/v1/payment-attempts/{made['id']}"
    looked = (await office.post(f"{path}/look")).raise_for_status()
    assert looked.json()["state"] == "needs_review"
    said = {"outcome": "succeeded", "amount": amounts[chosen], "currency": "USD", "note": "seen there"}
    said["gateway_ref"] = refs[chosen]
    shown = (await office.post(f"{path}/decision-preview", json=said)).raise_for_status().json()
    assert sum(each["amount"] for each in shown["entries"]) == 12540 + other
    assert await credit(office, bill) == 0
    etag = (await office.get(path)).headers["etag"]
    done = await office.post(f"{path}/decision", json=said, headers={"If-Match": etag})
    assert (done.status_code, done.json()["state"], done.json()["gateway_ref"]) == (
        200,
        "succeeded",
        refs[chosen],
    )
    rest = (await invoice(office, bill["id"]))["balance"]
    assert 12540 - rest + await credit(office, bill) == 12540 + other
    assert "second_charge" in await alerts(office)
    assert {(ref, row["amount"]) for ref, row in (await attempts(office)).items()} >= {
        (refs[1 - chosen], amounts[1 - chosen])
    }
    (await office.post(f"{path}/look")).raise_for_status()
    assert len(await attempts(office)) == 2


def _rows(*rows: tuple[str, str, str | None]) -> Findings:
    return Findings(
        rows=tuple(
            Finding(
                result=Result(outcome="approved", gateway_ref=ref, amount=5, currency="USD"), kind=kind, of=of
            )  # pyright: ignore[reportArgumentType] (the kinds are spelled out below)
            for kind, ref, of in rows
        )
    )


@pytest.mark.parametrize(
    ("rows", "taken"),
    [
        ([("sale", "a", None), ("sale", "b", None)], ["a", "b"]),
        ([("sale", "a", None), ("sale", "b", None), ("void", "v", "a")], ["b"]),
        ([("hold", "a", None), ("capture", "c", "a"), ("sale", "b", None)], ["a", "b"]),
        ([("sale", "a", None), ("refund", "r", "a")], ["a"]),
        ([("sale", "a", None), ("void", "v", None)], []),
    ],
)
def test_what_was_taken_back_whole_is_no_charge(rows: Any, taken: list[str]) -> None:
    found = approved(_rows(*rows), Expected(our_id="x", amount=5))
    assert [each.gateway_ref for each in found] == taken


@pytest.mark.parametrize("order", list(permutations(("twin", "refund", "again"))))
async def test_a_refund_of_the_second_charge_is_booked_on_the_second(
    run: Running[Any], office: Office, payer: Payer, bill: Bill, clock: Clock, order: tuple[str, ...]
) -> None:
    """Although it names our id, which is the first one's, and whether or not the second was told before."""
    made = await charge(office, bill)
    ours = {"our_id": UUID(made["id"]).hex}
    twin = await twin_of(payer, made["gateway_ref"])
    events = {
        "twin": {"kind": "sale", "id": twin, "amount": 12540, **ours},
        "again": {"kind": "sale", "id": twin, "amount": 12540, **ours},
        "refund": {"kind": "refund", "id": "re_1", "charge": twin, "amount": 540, **ours},
    }
    for each in order:
        await tell(office, "sandbox", sandbox_event(**events[each]))
        await apply_waiting(run)
    await clock.pass_by(run, minutes=5)
    known = await attempts(office)
    assert set(known) == {made["gateway_ref"], twin}
    first, second = [
        (await office.get(f"/v1/payment-attempts/{known[ref]['id']}")).json()
        for ref in (made["gateway_ref"], twin)
    ]
    assert (first["refunded"], second["refunded"]) == (0, 540)
    assert await credit(office, bill) == 12000
    assert (await invoice(office, bill["id"]))["balance"] == 0


async def test_a_refund_of_a_charge_that_never_comes_is_told_to_a_person(
    run: Running[Any], office: Office, bill: Bill, clock: Clock
) -> None:
    made = await charge(office, bill)
    other = await issued(office, bill["customer_id"])
    refund = {"kind": "refund", "id": "re_1", "charge": "sbnever", "amount": 540}
    await tell(office, "sandbox", sandbox_event(**refund, our_id=UUID(made["id"]).hex))
    for _ in range(12):
        await clock.pass_by(run, hours=2)
    assert await state_of(office, made["id"]) == "succeeded"
    assert (await office.get(f"/v1/payment-attempts/{made['id']}")).json()["refunded"] == 0
    assert "unmatched" in await alerts(office)
    assert (await invoice(office, other["id"]))["balance"] == 12540


@pytest.mark.parametrize("amount", [None, 0, -3, 10**30])
async def test_a_second_charge_of_no_known_amount_is_told_and_not_booked_as_ours(
    run: Running[Any], office: Office, bill: Bill, amount: int | None
) -> None:
    made = await charge(office, bill)
    for id in ("sbtwin", "sbtwin"):
        row = {"kind": "sale", "id": id, "our_id": UUID(made["id"]).hex}
        row |= {} if amount is None else {"amount": amount}
        await tell(office, "sandbox", sandbox_event(**row))
        await apply_waiting(run)
    assert await credit(office, bill) == 0
    assert len(await attempts(office)) == 1
    assert (await alerts(office)).count("second_charge") == 1


@pytest.mark.parametrize("odd", ["\0", "\ud800", "sb\0", "\udfffsb"])
@pytest.mark.parametrize("name", ["our_id", "id", "charge", "order"])
async def test_what_a_gateway_tells_in_letters_that_cannot_be_kept_is_kept_without_them(
    run: Running[Any], office: Office, bill: Bill, odd: str, name: str
) -> None:
    made = await charge(office, bill)
    row: dict[str, Any] = {"kind": "refund", "id": "re_1", "charge": made["gateway_ref"], "amount": 5}
    await tell(office, "sandbox", sandbox_event(**{**row, name: odd}))
    assert await apply_waiting(run) == 1
    assert await state_of(office, made["id"]) == "succeeded"
