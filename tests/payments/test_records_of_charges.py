"""What is written down when a gateway tells of a charge: the attempt, its operation, the event, the payment
and the alert say the same."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from bills import issued
from gateway import Payer, check_out
from payments.gateways.base import Result
from payments.ledger import Asked
from payments.models import (
    alert,
    attempt_invoice,
    gateway_account,
    payment,
    payment_event,
)
from records import ALL, alerts, becomes, last_event, of, operations, rows, told
from shared.service import Running
from sqlalchemy import update

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
Office, Bill = httpx.AsyncClient, dict[str, Any]


@pytest.fixture
async def id(office: Office, payer: Payer, bill: Bill) -> UUID:
    """An attempt whose page is open."""
    return UUID((await check_out(office, bill)).json()["id"])


async def test_a_charge(run: Running[Any], id: UUID, bill: Bill) -> None:
    before, (asked,) = await of(run, id), await operations(run, id)
    await becomes(run, id, checks=3, not_found=1)
    assert await told(run, id, Result(outcome="approved", **ALL)) == "succeeded"
    row = await of(run, id)
    kept = {name: ALL[name] for name in ("auth_code", "avs", "cvv", "last4", "brand", "code", "message")}
    kept |= {"gateway_ref": "r1", "amount": 12540, "currency": "USD", "state": "succeeded", "kind": "sale"}
    kept |= {"checks": 0, "not_found": 0, "next_check_at": None, "review": None, "extra": before.extra}
    kept |= {"version": before.version + 1}
    assert {name: getattr(row, name) for name in kept} == kept
    assert row.updated_at > before.updated_at
    (op,) = await operations(run, id)
    done = (op.id, op.kind, op.state, op.amount, op.gateway_ref, op.version, op.updated_at)
    assert done == (asked.id, "sale", "succeeded", 12540, "r1", asked.version + 1, row.updated_at)
    event = await last_event(run, id)
    assert (event.what, event.source, event.who, event.amount) == ("succeeded", "return", "who told", 12540)
    names = ("amount", "currency", "gateway_ref", "captured", "avs", "cvv", "code", "message")
    assert event.details == {"outcome": "approved", **{name: ALL[name] for name in names}}
    (paid,) = await rows(run, payment)
    booked = {"method": "card", "amount": 12540, "currency": "USD", "operation_id": op.id}
    booked |= {"gateway": "sandbox", "brand": "visa", "last4": "4242", "reference": "r1"}
    booked |= {"recorded_by": "who told", "debtor_id": UUID(bill["customer_id"])}
    assert {name: getattr(paid, name) for name in booked} == booked
    assert [each.open for each in await rows(run, attempt_invoice)] == [False]
    assert await alerts(run) == []


async def test_a_repeat_is_noted_where_the_gateway_tells_it_by_itself(run: Running[Any], id: UUID) -> None:
    await told(run, id, Result(outcome="approved", **ALL))
    before = await of(run, id)
    events = await rows(run, payment_event)
    said = Result(outcome="approved", **ALL, kind="busy", warning="look")
    assert await told(run, id, said, "look") == "succeeded"
    assert await rows(run, payment_event) == events
    assert await told(run, id, said) == "succeeded"
    heard = await last_event(run, id)
    assert (heard.what, heard.amount, heard.details["kind"], heard.details["warning"]) == (
        "heard",
        None,
        "busy",
        "look",
    )
    assert await of(run, id) == before
    assert len(await rows(run, payment)) == 1


@pytest.mark.parametrize(
    ("result", "asked", "state", "mirrored", "minutes"),
    [
        (Result(outcome="declined"), "webhook", "declined", "declined", None),
        (Result(outcome="canceled"), "webhook", "canceled", "failed", None),
        (Result(outcome="voided"), "webhook", "voided", "failed", None),
        (Result(outcome="pending", gateway_ref="r1"), "webhook", "pending", "pending", 1),
        (Result(outcome="error"), "person", "failed", "failed", None),
        (Result(outcome="unknown"), "call", "unknown", "unknown", 1),
        (Result(outcome="needs_review"), "webhook", "needs_review", "needs_review", None),
        (
            Result(outcome="approved", gateway_ref="r1", captured=False),
            "look",
            "authorized",
            "succeeded",
            1440,
        ),
    ],
)
async def test_the_operation_follows_and_the_next_look_is_set(
    run: Running[Any], id: UUID, result: Result, asked: Asked, state: str, mirrored: str, minutes: int | None
) -> None:
    await becomes(run, id, checks=3, not_found=1)
    assert await told(run, id, result, asked) == state
    row, (op,) = await of(run, id), await operations(run, id)
    assert (row.state, op.state, row.checks, row.not_found) == (state, mirrored, 0, 0)
    assert op.kind == ("authorize" if state == "authorized" else "sale")
    assert row.gateway_ref == op.gateway_ref == result.gateway_ref
    due = None if minutes is None else row.updated_at + timedelta(minutes=minutes)
    assert row.next_check_at == due
    over = state in ("declined", "canceled", "voided", "failed")
    assert [each.open for each in await rows(run, attempt_invoice)] == [not over]
    event = await last_event(run, id)
    assert (event.what, event.amount) == (state, None)
    assert await rows(run, payment) == []


async def test_a_declined_call_keeps_no_reference_of_the_charge(run: Running[Any], id: UUID) -> None:
    await told(run, id, Result(outcome="declined", gateway_ref="no", code="51", message="no funds"))
    row = await of(run, id)
    assert (row.gateway_ref, row.code, row.message) == (None, "51", "no funds")


async def test_looks_that_find_nothing_are_counted(run: Running[Any], id: UUID) -> None:
    await becomes(run, id, state="unknown", checks=3)
    before = await of(run, id)
    for count in (1, 2, 3):
        assert await told(run, id, Result(outcome="not_found"), "look") == "unknown"
        row = await of(run, id)
        assert (row.not_found, row.checks, row.next_check_at) == (count, 3, before.next_check_at)
    await becomes(run, id, created_at=before.created_at - timedelta(minutes=30))
    assert await told(run, id, Result(outcome="not_found"), "look") == "failed"


async def test_a_duplicate_is_remembered(run: Running[Any], id: UUID) -> None:
    kept = (await of(run, id)).extra
    assert await told(run, id, Result(outcome="duplicate"), "call") == "unknown"
    assert (await of(run, id)).extra == {**kept, "duplicate": True}
    assert await told(run, id, Result(outcome="not_found"), "look") == "needs_review"
    row = await of(run, id)
    payment = f"125.40 USD, sandbox, payment {row.short_ref}"
    assert await alerts(run) == [("needs_review", f"a duplicate, but of another payment ({payment})")]


RULES = [
    ("no_match", "match", "void", "off", "void"),
    ("match", "no_match", "off", "void", "void"),
    ("no_match", "no_match", "review", "record", "review"),
    ("no_match", "match", "record", "void", None),
    ("match", "match", "void", "void", None),
]


@pytest.mark.parametrize(("avs", "cvv", "avs_policy", "cvv_policy", "rule"), RULES)
@pytest.mark.parametrize("captured", [True, False])
async def test_the_accounts_rule_for_failed_checks(
    run: Running[Any],
    id: UUID,
    captured: bool,
    avs: Any,
    cvv: Any,
    avs_policy: str,
    cvv_policy: str,
    rule: str | None,
) -> None:
    async with run.work() as work:
        rules = {"avs_policy": avs_policy, "cvv_policy": cvv_policy}
        await work.session.execute(update(gateway_account).values(rules))
    said = Result(outcome="approved", **{**ALL, "avs": avs, "cvv": cvv, "captured": captured})
    good = "succeeded" if captured else "authorized"
    assert await told(run, id, said) == ("void_pending" if rule == "void" else good)
    row, ops = await of(run, id), await operations(run, id)
    why = f"address check: {avs}, security code: {cvv}"
    assert (row.avs, row.cvv, row.gateway_ref) == (avs, cvv, "r1")
    if rule == "void":
        assert row.extra["void_to"] == "declined"
        assert (ops[0].state, ops[0].gateway_ref) == ("succeeded", "r1")
        void = ops[1]
        asked = (void.kind, void.state, void.amount, void.reason, void.next_check_at)
        assert asked == ("void", "submitting", 12540, why, row.updated_at)
        assert row.next_check_at == row.updated_at + timedelta(minutes=1)
        assert await rows(run, payment) == []
        assert [each.open for each in await rows(run, attempt_invoice)] == [False]
    else:
        assert len(ops) == 1
        assert len(await rows(run, payment)) == captured
    named = f"125.40 USD, sandbox, payment {row.short_ref}"
    assert await alerts(run) == ([("review", f"{why} ({named})")] if rule == "review" else [])
    assert row.review == (why if rule == "review" else None)


async def test_a_warning_is_for_a_person(run: Running[Any], id: UUID) -> None:
    card = "4111 1111 1111 1111"
    said = Result(outcome="approved", **{**ALL, "message": f"card {card}"}, warning=f"odd {card}")
    assert await told(run, id, said) == "succeeded"
    row = await of(run, id)
    assert str(row.review).startswith("the gateway warns: odd ")
    assert str(row.message).startswith("card ")
    ((kind, text),) = await alerts(run)
    assert (kind, text) == ("review", f"{row.review} (125.40 USD, sandbox, payment {row.short_ref})")
    details = (await last_event(run, id)).details
    assert "1111 1111" not in f"{row.review}{row.message}{text}{details}"


async def test_what_comes_late_is_not_held_to_the_rule(run: Running[Any], id: UUID) -> None:
    async with run.work() as work:
        await work.session.execute(update(gateway_account).values(avs_policy="void", cvv_policy="void"))
    await told(run, id, Result(outcome="canceled"))
    late = Result(outcome="approved", **{**ALL, "avs": "no_match"})
    assert await told(run, id, late) == "succeeded"
    named = f"(125.40 USD, sandbox, payment {(await of(run, id)).short_ref})"
    assert ("late_success", f"paid although it was canceled {named}") in await alerts(run)


async def test_a_hold_that_comes_late_is_let_go(run: Running[Any], id: UUID) -> None:
    await told(run, id, Result(outcome="canceled"))
    late = Result(outcome="approved", **{**ALL, "captured": False})
    assert await told(run, id, late) == "void_pending"
    row, ops = await of(run, id), await operations(run, id)
    assert (row.extra["void_to"], row.gateway_ref) == ("voided", "r1")
    assert [(each.kind, each.state) for each in ops] == [("sale", "succeeded"), ("void", "submitting")]
    assert [kind for kind, _ in await alerts(run)] == ["late_hold"]


async def test_the_reference_of_another_attempt_is_not_borrowed(
    run: Running[Any], office: Office, bill: Bill, id: UUID
) -> None:
    other = await issued(office, bill["customer_id"])
    second = UUID((await check_out(office, other)).json()["id"])
    await told(run, id, Result(outcome="approved", **ALL))
    assert await told(run, second, Result(outcome="approved", **ALL)) == "needs_review"
    row = await of(run, second)
    why = "The gateway names a payment of another attempt: r1"
    assert (row.gateway_ref, row.message) == (None, why)
    ((kind, text),) = await alerts(run)
    assert (kind, text) == ("needs_review", f"{why} (125.40 USD, sandbox, payment {row.short_ref})")


async def test_accounts_may_have_the_same_reference(
    run: Running[Any], office: Office, bill: Bill, id: UUID
) -> None:
    other = await issued(office, bill["customer_id"])
    second = UUID((await check_out(office, other)).json()["id"])
    fields = {"secret_key": "made up", "webhook_secret": "made up"}
    account = {"gateway": "stripe", "name": "Stripe", "fields": fields}
    elsewhere = (await office.post("/v1/gateway-accounts", json=account)).raise_for_status().json()["id"]
    await becomes(run, id, account_id=UUID(elsewhere))
    for each in (id, second):
        assert await told(run, each, Result(outcome="approved", **ALL)) == "succeeded"


@pytest.mark.parametrize(
    ("outcome", "asked", "answered"),
    [
        ("approved", "look", True),
        ("declined", "look", True),
        ("pending", "look", False),
        ("approved", "person", False),
    ],
)
async def test_open_alerts_are_answered_by_the_gateways_last_word(
    run: Running[Any], id: UUID, outcome: Any, asked: Asked, answered: bool
) -> None:
    await becomes(run, id, state="unknown")
    async with run.work() as work:
        about = {"version": 1, "attempt_id": id, "raised_at": work.now - timedelta(seconds=1)}
        new = [
            {"id": uuid4(), "kind": kind, "text": "?", **about}
            for kind in ("needs_review", "look_failed", "refund")
        ]
        await work.session.execute(alert.insert(), new)
    await told(run, id, Result(outcome=outcome, **ALL), asked)
    settled = {each.kind: each.settled_by for each in await rows(run, alert)}
    by = "callboard" if answered else None
    assert settled == {"needs_review": by, "look_failed": by, "refund": None}


async def test_paypals_money_is_paypals(run: Running[Any], id: UUID) -> None:
    await becomes(run, id, gateway="paypal", brand="known", last4="0001")
    bare = {**ALL, "brand": None, "last4": None}
    await told(run, id, Result(outcome="approved", **bare))
    (paid,) = await rows(run, payment)
    assert (paid.method, paid.brand, paid.last4) == ("paypal", "known", "0001")


async def test_an_attempt_that_is_not_there(office: Office, payer: Payer) -> None:
    missing = await office.post(f"/v1/payment-attempts/{uuid4()}/look")
    assert missing.status_code == 404
    assert "payment attempt" in missing.text
