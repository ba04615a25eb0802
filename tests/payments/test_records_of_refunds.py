"""What is written down when a gateway tells of money that went back: operations, books, events and alerts."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from bills import pay_by_cheque
from gateway import Payer, check_out
from payments.flows.operations import begin
from payments.flows.outcomes import locked
from payments.flows.reversals import hear_refund
from payments.flows.traces import Heard
from payments.flows.webhooks import hear
from payments.gateways.base import Result
from payments.gateways.found import Webhook
from payments.models import entry, operation, payment_event
from records import ALL, alerts, last_event, of, operations, rows, told
from shared.service import Running
from sqlalchemy import select, update

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
Office, Bill = httpx.AsyncClient, dict[str, Any]
OUTSIDE = "refund at the gateway"
NOT_BY_US = "Money went back at the gateway, not by us: {} USD."
BEYOND = "The gateway has given back {} USD more than was left of the payment: our books do not show it."


@pytest.fixture
async def id(run: Running[Any], office: Office, payer: Payer, bill: Bill) -> UUID:
    """An attempt that paid 125.40."""
    made = UUID((await check_out(office, bill)).json()["id"])
    await told(run, made, Result(outcome="approved", **ALL))
    return made


async def news(run: Running[Any], id: UUID, found: Webhook) -> bool:
    async with run.work() as work:
        return await hear(work, id, found, "webhook")


def refund(
    ref: str | None,
    amount: int | None,
    outcome: Any = "approved",
    *,
    currency: str | None = "USD",
    **more: Any,
) -> Webhook:
    result = Result(outcome=outcome, gateway_ref=ref, amount=amount, currency=currency)
    return Webhook(result=result, kind="refund", charge_ref="r1", **more)


async def begun(run: Running[Any], id: UUID, amount: int, **values: Any) -> UUID:
    """A refund of ours that is on its way."""
    async with run.work() as work:
        row = await locked(work, id)
        made = await begin(work, row, kind="refund", amount=amount, reason="returned part", who="anna")
        if values:
            await work.session.execute(update(operation).where(operation.c.id == made).values(values))
    return made


async def backs(run: Running[Any], id: UUID) -> list[tuple[str, str | None, str, int]]:
    """What went back, or did not: kind, reference, state and amount."""
    ops = [op for op in await operations(run, id) if op.kind not in ("sale", "authorize", "capture")]
    return [(op.kind, op.gateway_ref, op.state, op.amount) for op in ops]


async def booked(run: Running[Any], id: UUID) -> dict[str | None, int]:
    """What the books have gone down by, by the operation's reference."""
    names = {op.id: op.gateway_ref for op in await operations(run, id)}
    sums: dict[str | None, int] = {}
    for each in await rows(run, entry, entry.c.kind == "refund"):
        name = names[each.operation_id]
        sums[name] = sums.get(name, 0) - each.amount
    return {name: amount for name, amount in sums.items() if amount}


async def test_a_refund_that_was_made_at_the_gateway(run: Running[Any], id: UUID, bill: Bill) -> None:
    before = await of(run, id)
    for _ in range(2):
        assert await news(run, id, refund("re_1", 2500)) is True
    (_, op) = await operations(run, id)
    assert (op.kind, op.state, op.amount, op.gateway_ref) == ("refund", "succeeded", 2500, "re_1")
    assert (op.reason, op.next_check_at, op.caller) == (OUTSIDE, None, None)
    assert op.updated_at > before.updated_at
    event = await last_event(run, id)
    assert (event.what, event.amount, event.operation_id) == ("refund", 2500, op.id)
    assert (event.source, event.who, event.details) == ("webhook", "gateway", {"told": "approved"})
    (gone,) = await rows(run, entry, entry.c.amount < 0)
    books = (gone.kind, gone.amount, gone.invoice_id, gone.operation_id, gone.who)
    assert books == ("refund", -2500, UUID(bill["id"]), op.id, "gateway")
    assert await alerts(run) == [("refund", NOT_BY_US.format("25.00"))]


@pytest.mark.parametrize("by", ["reference", "request", "id", "amount"])
async def test_a_refund_of_ours_is_known(run: Running[Any], id: UUID, by: str) -> None:
    known = {"gateway_ref": "re_9"} if by == "reference" else {}
    mine = await begun(run, id, 2500, **known)
    (op,) = [each for each in await operations(run, id) if each.id == mine]
    found = {
        "reference": refund("re_9", 2500),
        "request": refund("re_9", 2500, our_id=op.request_id),
        "id": refund("re_9", 2500, our_id=mine.hex),
        "amount": refund("re_9", 2500),
    }[by]
    for _ in range(2):
        assert await news(run, id, found) is True
    assert await backs(run, id) == [("refund", "re_9", "succeeded", 2500)]
    assert await booked(run, id) == {"re_9": 2500}
    assert await alerts(run) == []


@pytest.mark.parametrize(
    "found",
    [refund("re_9", 2400), refund("re_9", 2500, our_id="another"), refund("re_9", 2500, our_id=None)],
)
async def test_a_refund_that_is_not_ours_leaves_ours_alone(
    run: Running[Any], id: UUID, found: Webhook
) -> None:
    other = {"gateway_ref": "re_1"} if found.our_id is None and found.result.amount == 2500 else {}
    await begun(run, id, 2500, **other)
    await news(run, id, found)
    amount = found.result.amount or 0
    ref = other.get("gateway_ref")
    assert await backs(run, id) == [
        ("refund", ref, "submitting", 2500),
        ("refund", "re_9", "succeeded", amount),
    ]
    assert await booked(run, id) == {"re_9": amount}


@pytest.mark.parametrize("state", ["unknown", "pending", "submitting", "needs_review"])
async def test_in_every_unsettled_state_it_is_waited_for(run: Running[Any], id: UUID, state: str) -> None:
    await begun(run, id, 2500, state=state)
    await news(run, id, refund("re_9", 2500))
    assert await backs(run, id) == [("refund", "re_9", "succeeded", 2500)]


async def test_a_refund_that_came_back(run: Running[Any], id: UUID, bill: Bill) -> None:
    await news(run, id, refund("re_1", 2500))
    (_, before) = await operations(run, id)
    for _ in range(2):
        await news(run, id, refund("re_1", 2500, "declined"))
    (_, op) = await operations(run, id)
    assert (op.state, op.version, op.amount) == ("declined", before.version + 1, 2500)
    event = await last_event(run, id)
    assert (event.what, event.amount, event.operation_id) == ("refund_failed", 2500, op.id)
    assert event.details == {}
    assert await booked(run, id) == {}
    assert [kind for kind, _ in await alerts(run)] == ["refund", "refund_failed"]
    assert (await alerts(run))[1][1] == "A refund of 25.00 USD came back to us."
    again = [(each.amount, each.operation_id) for each in await rows(run, entry, entry.c.kind == "refund")]
    assert again == [(-2500, op.id), (2500, op.id)]


async def test_what_came_back_and_is_not_needed_is_credit(
    run: Running[Any], office: Office, id: UUID, bill: Bill
) -> None:
    await news(run, id, refund("re_1", 2500))
    await pay_by_cheque(office, bill["customer_id"], 2000, **{bill["id"]: 2000})
    await news(run, id, refund("re_1", 2500, "declined"))
    text = "A refund of 25.00 USD came back to us. 20.00 USD of it is credit now: the invoice needs less."
    assert (await alerts(run))[-1] == ("refund_failed", text)
    owed = (await office.get(f"/v1/customer-balances/{bill['customer_id']}")).json()
    assert (owed["owed"], owed["credit"]) == (0, 2000)


@pytest.mark.parametrize("outcome", ["pending", "unknown", "not_found"])
async def test_a_refund_that_is_only_asked_for_is_none(run: Running[Any], id: UUID, outcome: Any) -> None:
    await news(run, id, refund("re_1", 2500, outcome))
    assert await backs(run, id) == []
    await news(run, id, refund(None, None, outcome, refunded_total=2500))
    assert (await backs(run, id), await alerts(run)) == ([], [])


async def test_a_refund_that_failed_and_was_never_told_before(run: Running[Any], id: UUID) -> None:
    await news(run, id, refund("re_1", 2500, "declined"))
    assert await backs(run, id) == [("refund", "re_1", "declined", 2500)]
    event = await last_event(run, id)
    assert (event.what, event.amount, event.details) == ("refund", 2500, {"told": "declined"})
    assert (await booked(run, id), await alerts(run)) == ({}, [])
    await news(run, id, refund("re_1", 2500))  # older news than that
    assert await backs(run, id) == [("refund", "re_1", "declined", 2500)]


async def test_one_that_we_gave_up_is_another(run: Running[Any], id: UUID) -> None:
    await begun(run, id, 2500, state="failed", gateway_ref="re_1")
    await news(run, id, refund("re_1", 2500))
    assert await backs(run, id) == [("refund", "re_1", "failed", 2500), ("refund", "re_1", "succeeded", 2500)]


async def test_the_sum_of_all_refunds(run: Running[Any], id: UUID) -> None:
    await news(run, id, refund(None, None, refunded_total=2500))
    (_, op) = await operations(run, id)
    assert (op.kind, op.state, op.amount, op.reason) == ("refund", "succeeded", 2500, OUTSIDE)
    assert op.next_check_at is None
    event = await last_event(run, id)
    assert (event.what, event.amount, event.operation_id) == ("refund", 2500, op.id)
    assert event.details == {"total": 2500}
    for total in (2500, 2400, 2501):
        await news(run, id, refund(None, None, refunded_total=total))
    assert await backs(run, id) == [("refund", None, "succeeded", 2500), ("refund", None, "succeeded", 1)]
    texts = [NOT_BY_US.format("25.00"), NOT_BY_US.format("0.01")]
    assert await alerts(run) == [("refund", text) for text in texts]


@pytest.mark.parametrize(
    ("state", "ref", "counts"),
    [(each, None, True) for each in ("submitting", "unknown", "pending", "needs_review", "succeeded")]
    + [("declined", "re_1", True), ("failed", "re_1", True), ("declined", None, False)],
)
async def test_what_the_sum_has_in_it(
    run: Running[Any], id: UUID, state: str, ref: str | None, counts: bool
) -> None:
    await begun(run, id, 2500, state=state, gateway_ref=ref)
    async with run.work() as work:
        row = await locked(work, id)
        said = refund(None, None, refunded_total=2500)
        paid = (await work.session.execute(select(entry.c.payment_id).limit(1))).scalar_one()
        heard = Heard(said.result, "webhook", "webhook", "gateway")
        await hear_refund(work, row=row, payment_id=paid, said=said, heard=heard)
    assert len(await backs(run, id)) == (1 if counts else 2)


async def test_a_sum_is_told_by_its_references_later(run: Running[Any], id: UUID) -> None:
    for total in (1000, 3000):
        await news(run, id, refund(None, None, refunded_total=total))
    before = len(await alerts(run))
    await news(run, id, refund("re_1", 1500))
    assert await backs(run, id) == [
        ("refund", None, "failed", 1000),
        ("refund", None, "succeeded", 1500),
        ("refund", "re_1", "succeeded", 1500),
    ]
    assert (await operations(run, id))[1].reason == "told by its reference since"
    assert await booked(run, id) == {None: 1500, "re_1": 1500}
    assert len(await alerts(run)) == before
    await news(run, id, refund("re_2", 1600))
    assert await booked(run, id) == {"re_1": 1500, "re_2": 1600}
    assert (await alerts(run))[before:] == [("refund", NOT_BY_US.format("1.00"))]
    assert [state for _, _, state, _ in await backs(run, id)] == [
        "failed",
        "failed",
        "succeeded",
        "succeeded",
    ]


async def test_a_refund_of_the_sum_failed(run: Running[Any], id: UUID) -> None:
    await news(run, id, refund(None, None, refunded_total=3000))
    await news(run, id, refund("re_1", 1000, "declined"))
    assert await backs(run, id) == [("refund", None, "succeeded", 2000), ("refund", "re_1", "declined", 1000)]
    assert await booked(run, id) == {None: 2000}
    text = "A refund of 10.00 USD at the gateway came back to us."
    assert (await alerts(run))[-1] == ("refund_failed", text)


@pytest.mark.parametrize("how", ["named", "total"])
async def test_more_than_was_left(run: Running[Any], id: UUID, how: str) -> None:
    named = how == "named"
    await news(run, id, refund("re_1", 13000) if named else refund(None, None, refunded_total=13000))
    assert await backs(run, id) == [("refund", "re_1" if named else None, "succeeded", 12540)]
    texts = [NOT_BY_US.format("125.40"), BEYOND.format("4.60")]
    assert await alerts(run) == [("refund", text) for text in texts]
    event = await last_event(run, id)
    assert event.amount == (13000 if named else 12540)
    await news(run, id, refund("re_2", 100) if named else refund(None, None, refunded_total=13100))
    assert sum(amount for _, amount in (await booked(run, id)).items()) == 12540
    assert (await alerts(run))[-1][1] == BEYOND.format("1.00" if named else "5.60")
    assert (await backs(run, id))[-1][2:] == (("succeeded", 0) if named else ("failed", 0))


@pytest.mark.parametrize(
    ("found", "amount"),
    [
        (refund("re_1", 2500, currency="CAD"), "25.00 CAD"),
        (refund(None, None, currency="CAD", refunded_total=700), "7.00 CAD"),
        (refund("re_1", None, currency="CAD"), "0.00 CAD"),
    ],
)
async def test_another_currency_is_told_and_not_booked(
    run: Running[Any], id: UUID, found: Webhook, amount: str
) -> None:
    await news(run, id, found)
    text = f"A refund at the gateway is in another currency than the payment: {amount}. It is not booked."
    assert (await backs(run, id), await alerts(run)) == ([], [("refund", text)])
    await news(run, id, refund("re_2", 2500, currency=None))
    assert await booked(run, id) == {"re_2": 2500}


VOIDED = Webhook(result=Result(outcome="voided", gateway_ref="r1"), charge_ref="r1")


async def test_a_charge_that_was_voided_at_the_gateway(run: Running[Any], id: UUID) -> None:
    await news(run, id, refund("re_1", 540))
    for _ in range(2):
        assert await news(run, id, VOIDED) is True
    assert (await backs(run, id))[1:] == [("void", None, "succeeded", 12000)]
    op = (await operations(run, id))[-1]
    assert (op.reason, op.next_check_at) == ("void at the gateway", None)
    (event,) = await rows(run, payment_event, payment_event.c.what == "void")
    assert (event.amount, event.operation_id, event.details) == (12000, op.id, {})
    assert await booked(run, id) == {"re_1": 540, None: 12000}
    text = "The payment of 120.00 USD was voided at the gateway, not by us."
    assert (await alerts(run))[1:] == [("refund", text)]


async def test_what_is_refunded_whole_is_not_voided_too(run: Running[Any], id: UUID) -> None:
    await news(run, id, refund("re_1", 12540))
    void = Webhook(result=Result(outcome="approved", gateway_ref="v1"), kind="void", charge_ref="r1")
    await news(run, id, void)
    assert await backs(run, id) == [("refund", "re_1", "succeeded", 12540)]
