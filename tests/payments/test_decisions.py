"""What a person decides is held against the gateway, shown before it is booked, and always leads out."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from bills import invoice, issued
from gateway import Clock, Payer, charge, check_out, come_back, state_of
from news import sandbox_event, tell
from payments.flows.outcomes import apply_charge
from payments.flows.traces import Heard
from payments.flows.webhooks import apply_waiting
from payments.gateways.base import Result
from payments.models import attempt, gateway_account, operation
from pydantic import SecretStr
from shared.secrets import seal
from shared.service import Running
from sqlalchemy import update

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
Office, Bill = httpx.AsyncClient, dict[str, Any]


def took(amount: int = 12540, ref: str | None = None, **more: Any) -> dict[str, Any]:
    about = {"outcome": "succeeded", "amount": amount, "currency": "USD", "note": "seen in its list"}
    return {**about, **({"gateway_ref": ref} if ref else {}), **more}


def nothing(outcome: str = "failed") -> dict[str, Any]:
    return {"outcome": outcome, "note": "it is not in its list"}


async def decide(office: Office, path: str, body: dict[str, Any], of: str = "") -> httpx.Response:
    etag = (await office.get(path)).headers["etag"]
    return await office.post(f"{path}{of}/decision", json=body, headers={"If-Match": etag})


async def alerts(office: Office) -> dict[str, str]:
    items = (await office.get("/v1/payment-alerts")).raise_for_status().json()["items"]
    return {each["kind"]: each["text"] for each in items}


@pytest.fixture
async def wrong(office: Office, payer: Payer, bill: Bill) -> tuple[str, str]:
    """The gateway took 12.54 of 125.40: the attempt's path and the gateway's reference."""
    started = (await check_out(office, bill)).json()
    await payer.fault("wrong_amount")
    await come_back(office, await payer.decide(started["redirect_url"]))
    (row,) = await payer.ledger()
    return f"/v1/payment-attempts/{started['id']}", row["id"]


async def test_the_gateways_amount_is_booked_and_shown_before(
    office: Office, payer: Payer, bill: Bill, wrong: tuple[str, str]
) -> None:
    path, ref = wrong
    told = (await alerts(office))["needs_review"]
    assert "12.54 USD" in told
    assert "125.40 USD" in told
    shown = await office.post(f"{path}/decision-preview", json=took(1254, ref))
    assert shown.status_code == 200, shown.text
    assert shown.json()["asked"] is True
    assert [(row["amount"], row["gateway_ref"]) for row in shown.json()["gateway"]] == [(1254, ref)]
    assert [(row["invoice_id"], row["amount"]) for row in shown.json()["entries"]] == [(bill["id"], 1254)]
    assert (await invoice(office, bill["id"]))["balance"] == 12540
    assert (await office.get(path)).json()["state"] == "needs_review"
    done = await decide(office, path, took(1254, ref))
    assert (done.json()["state"], done.json()["captured"]) == ("succeeded", 1254)
    assert (await invoice(office, bill["id"]))["balance"] == 12540 - 1254
    assert "needs_review" not in await alerts(office)
    back = await office.post(f"{path}/refund", json={})
    assert back.json()["refunded"] == 1254


@pytest.mark.parametrize("kind", ["decision", "decision-preview"])
async def test_what_the_gateway_contradicts_is_refused(
    office: Office, payer: Payer, bill: Bill, wrong: tuple[str, str], kind: str
) -> None:
    path, ref = wrong
    etag = (await office.get(path)).headers["etag"]
    for body, code in (
        (took(12540, ref), 409),
        (took(1254, ref, currency="CAD"), 409),
        (took(1254, "000"), 409),
        (took(1254), 422),
        ({"outcome": "succeeded", "gateway_ref": ref, "note": "no amount"}, 422),
        (nothing("declined"), 409),
        (nothing("failed"), 409),
        (nothing("voided"), 409),
    ):
        answer = await office.post(f"{path}/{kind}", json=body, headers={"If-Match": etag})
        assert answer.status_code == code, (body, answer.text)
    refused = await office.post(f"{path}/decision-preview", json=took(12540, ref))
    assert "12.54 USD" in refused.json()["detail"]
    assert (await invoice(office, bill["id"]))["balance"] == 12540


async def test_where_the_gateway_does_not_answer_what_it_said_before_counts(
    office: Office, payer: Payer, bill: Bill, wrong: tuple[str, str]
) -> None:
    path, ref = wrong
    await payer.fault("refuse", times=None)
    refused = await office.post(f"{path}/decision-preview", json=took(12540, ref))
    assert refused.status_code == 409
    assert "12.54 USD" in refused.json()["detail"]
    done = await decide(office, path, took(1254, ref))
    assert (done.status_code, done.json()["captured"]) == (200, 1254)


async def test_a_payment_that_the_gateway_does_not_have_is_not_booked(
    office: Office, payer: Payer, bill: Bill
) -> None:
    await payer.fault("lose")
    path = f"/v1/payment-attempts/{(await charge(office, bill))['id']}"
    assert (await decide(office, path, took(12540, "000"))).status_code == 409
    assert (await decide(office, path, nothing())).json()["state"] == "failed"
    assert (await check_out(office, bill)).status_code == 201


async def test_news_without_an_amount_does_not_end_a_review(
    run: Running[Any], office: Office, payer: Payer, bill: Bill, wrong: tuple[str, str]
) -> None:
    path, ref = wrong
    id = UUID(path.rsplit("/", 1)[-1])
    async with run.work() as work:
        bare = Heard(Result(outcome="approved", gateway_ref=ref), "webhook", "webhook", "gateway")
        assert await apply_charge(work, attempt_id=id, heard=bare) == "needs_review"
    async with run.work() as work:
        full = Result(outcome="approved", gateway_ref=ref, amount=12540, currency="USD")
        news = Heard(full, "webhook", "webhook", "gateway")
        assert await apply_charge(work, attempt_id=id, heard=news) == "succeeded"
    assert await alerts(office) == {}


async def test_another_currency_becomes_credit_in_that_currency(
    run: Running[Any], office: Office, payer: Payer, bill: Bill
) -> None:
    made = await charge(office, bill, "tok_visa", invoices=[{"invoice_id": bill["id"], "amount": 5000}])
    books = payer.app.state.house.books
    row = books.transactions[made["gateway_ref"]]
    other = await issued(office, bill["customer_id"])
    await payer.fault("lose")
    lost = await charge(office, other)
    twin = row.model_copy(
        update={"id": "sbcad", "our_id": UUID(lost["id"]).hex, "currency": "CAD", "amount": 12540}
    )
    books.keep(twin)
    path = f"/v1/payment-attempts/{lost['id']}"
    await office.post(f"{path}/look")
    assert await state_of(office, lost["id"]) == "needs_review"
    done = await decide(office, path, took(12540, "sbcad", currency="CAD"))
    assert (done.json()["state"], done.json()["currency"]) == ("succeeded", "CAD")
    assert (await invoice(office, other["id"]))["balance"] == 12540
    assert "125.40 CAD" in (await alerts(office))["credit"]


@pytest.fixture
async def lost_refund(
    run: Running[Any], office: Office, payer: Payer, bill: Bill, clock: Clock
) -> tuple[str, str]:
    """A refund of 40.00 that the gateway made, and of which we could not find out for days."""
    made = await charge(office, bill)
    path = f"/v1/payment-attempts/{made['id']}"
    await payer.fault("drop")
    assert (await office.post(f"{path}/refund", json={"amount": 4000})).status_code == 200
    await payer.fault("refuse", times=None)
    for _ in range(12):
        await clock.pass_by(run, days=1, minutes=1)
    refund = (await office.get(path)).json()["operations"][-1]
    assert (refund["kind"], refund["state"]) == ("refund", "needs_review")
    await payer.http.delete(f"{payer.url}/faults")
    return path, f"/operations/{refund['id']}"


async def test_a_refund_in_review_is_looked_up(
    office: Office, payer: Payer, bill: Bill, lost_refund: tuple[str, str]
) -> None:
    path, operation_path = lost_refund
    told = (await alerts(office))["needs_review"]
    assert "40.00 USD" in told
    assert f"POST {path}{operation_path}/decision" in told
    refused = await office.post(f"{path}/refund", json={"amount": 1})
    assert operation_path in refused.json()["detail"]
    shown = (await office.post(f"{path}/look")).json()
    assert (shown["refunded"], shown["reserved"]) == (4000, 0)
    assert (await invoice(office, bill["id"]))["balance"] == 4000
    assert await alerts(office) == {}


async def test_a_refund_in_review_is_decided(
    office: Office, payer: Payer, bill: Bill, lost_refund: tuple[str, str]
) -> None:
    path, of = lost_refund
    assert (await decide(office, path, nothing(), of)).status_code == 409
    assert (await decide(office, path, took(4001), of)).status_code == 409
    assert (await decide(office, path, took(4000, currency="CAD"), of)).status_code == 409
    shown = await office.post(f"{path}{of}/decision-preview", json=took(4000))
    assert [row["amount"] for row in shown.json()["entries"]] == [-4000]
    assert (await office.get(path)).json()["refunded"] == 0
    done = (await decide(office, path, took(4000), of)).json()
    assert (done["refunded"], done["reserved"]) == (4000, 0)
    assert (await invoice(office, bill["id"]))["balance"] == 4000
    assert (await decide(office, path, took(4000), of)).status_code == 409
    assert (await office.post(f"{path}/refund", json={})).json()["refunded"] == 12540


@pytest.mark.parametrize("kind", ["void", "refund"])
@pytest.mark.parametrize(
    ("outcome", "left", "beyond"), [("failed", 2540, ""), ("succeeded", 0, "100.00 USD")]
)
async def test_what_others_gave_back_while_ours_was_unsettled_is_booked(
    run: Running[Any],
    office: Office,
    payer: Payer,
    bill: Bill,
    kind: str,
    outcome: str,
    left: int,
    beyond: str,
) -> None:
    """Ours reserved all of it, and a refund of 100.00 was made in the dashboard: it counts at once, whatever
    becomes of ours, and what went back beyond the payment is named."""
    made = await charge(office, bill)
    path = f"/v1/payment-attempts/{made['id']}"
    await payer.fault("lose")
    assert (await office.post(f"{path}/{kind}", json={})).status_code == 200
    op = (await office.get(path)).json()["operations"][-1]
    async with run.work() as work:
        stuck = update(operation).where(operation.c.id == UUID(op["id"]))
        await work.session.execute(stuck.values(state="needs_review", next_check_at=None))
    told = sandbox_event(kind="refund", id="re_1", charge=made["gateway_ref"], amount=10000)
    await tell(office, "sandbox", told)
    await apply_waiting(run)
    assert (await invoice(office, bill["id"]))["balance"] == 10000
    await payer.fault("refuse", times=None)
    said = took(12540, "told-by-phone") if outcome == "succeeded" else nothing(outcome)
    done = await decide(office, path, said, f"/operations/{op['id']}")
    assert done.status_code == 200, done.text
    assert (await invoice(office, bill["id"]))["balance"] == 12540 - left
    items = (await office.get("/v1/payment-alerts")).raise_for_status().json()["items"]
    named = [each["text"] for each in items if "more than was left" in each["text"]]
    assert [beyond in each for each in named] == ([True] if beyond else [])


@pytest.mark.parametrize("kind", ["capture", "void", "refund"])
@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
async def test_every_operation_in_review_leads_out(
    run: Running[Any], office: Office, payer: Payer, bill: Bill, kind: str, outcome: str
) -> None:
    """Also where the gateway cannot be asked any more."""
    made = await charge(office, bill, kind="sale" if kind == "refund" else "authorize")
    path = f"/v1/payment-attempts/{made['id']}"
    await payer.fault("drop" if outcome == "succeeded" else "lose")
    assert (await office.post(f"{path}/{kind}", json={})).status_code == 200
    op = (await office.get(path)).json()["operations"][-1]
    async with run.work() as work:
        stuck = update(operation).where(operation.c.id == UUID(op["id"]))
        await work.session.execute(stuck.values(state="needs_review", next_check_at=None))
    await payer.fault("refuse", times=None)
    said = took(12540, "told-by-phone") if outcome == "succeeded" else nothing(outcome)
    done = await decide(office, path, said, f"/operations/{op['id']}")
    assert done.status_code == 200, done.text
    shown = done.json()
    expected = {
        ("capture", "succeeded"): ("succeeded", 12540, 0),
        ("capture", "failed"): ("authorized", 0, 0),
        ("void", "succeeded"): ("voided", 0, 0),
        ("void", "failed"): ("authorized", 0, 0),
        ("refund", "succeeded"): ("succeeded", 12540, 12540),
        ("refund", "failed"): ("succeeded", 12540, 0),
    }
    assert (shown["state"], shown["captured"], shown["refunded"]) == expected[(kind, outcome)]
    assert shown["reserved"] == 0


async def test_a_hold_that_cannot_be_voided_releases_its_invoice(
    run: Running[Any], office: Office, payer: Payer, bill: Bill, clock: Clock
) -> None:
    held = await charge(office, bill, kind="authorize")
    path = f"/v1/payment-attempts/{held['id']}"
    await payer.fault("decline", path="void")
    books = payer.app.state.house.books
    hold = books.transactions[held["gateway_ref"]]
    books.keep(hold.model_copy(update={"status": "declined"}))  # it lapsed at the bank: nothing can be voided
    void = (await office.post(f"{path}/void", json={})).json()
    assert void["operations"][-1]["state"] in ("declined", "failed"), void["operations"][-1]
    told = (await alerts(office))["hold_kept"]
    assert "125.40 USD" in told
    assert f"POST {path}/decision" in told
    assert (await decide(office, path, took(12540))).status_code == 409
    done = await decide(office, path, nothing("voided"))
    assert (done.status_code, done.json()["state"]) == (200, "voided")
    assert (await check_out(office, bill)).status_code == 201
    assert "hold_kept" not in await alerts(office)


async def test_a_hold_that_is_forgotten_is_told_and_left_to_a_person(
    run: Running[Any], office: Office, payer: Payer, bill: Bill, clock: Clock
) -> None:
    held = await charge(office, bill, kind="authorize")
    for _ in range(8):
        await clock.pass_by(run, days=1, minutes=1)
    assert "125.40 USD" in (await alerts(office))["hold_open"]
    for _ in range(30):
        await clock.pass_by(run, days=1, minutes=1)
    assert await state_of(office, held["id"]) == "needs_review"


async def test_a_second_charge_under_one_payment_is_credit_that_can_be_given_back(
    run: Running[Any], office: Office, payer: Payer, bill: Bill
) -> None:
    made = await charge(office, bill)
    id = UUID(made["id"])
    books = payer.app.state.house.books
    books.keep(books.transactions[made["gateway_ref"]].model_copy(update={"id": "sbtwin"}))
    twin = Result(outcome="approved", gateway_ref="sbtwin", amount=12540, currency="USD", captured=True)
    for asked in ("webhook", "look", "webhook"):
        async with run.work() as work:
            await apply_charge(work, attempt_id=id, heard=Heard(twin, asked, "webhook", "gateway"))
    owed = (await office.get(f"/v1/customer-balances/{bill['customer_id']}")).json()
    assert (owed["owed"], owed["credit"]) == (0, 12540)
    told = (await alerts(office))["second_charge"]
    assert "125.40 USD" in told
    assert "sbtwin" in told
    items = (await office.get("/v1/payment-attempts")).json()["items"]
    (second,) = [each for each in items if each["gateway_ref"] == "sbtwin"]
    back = await office.post(f"/v1/payment-attempts/{second['id']}/refund", json={})
    assert back.json()["refunded"] == 12540
    owed = (await office.get(f"/v1/customer-balances/{bill['customer_id']}")).json()
    assert (owed["owed"], owed["credit"]) == (0, 0)


async def test_the_same_charge_told_again_is_no_second_one(
    run: Running[Any], office: Office, payer: Payer, bill: Bill
) -> None:
    held = await charge(office, bill, kind="authorize")
    path = f"/v1/payment-attempts/{held['id']}"
    done = (await office.post(f"{path}/capture", json={})).json()
    refs = {done["gateway_ref"], *(each["gateway_ref"] for each in done["operations"])} - {None}
    for ref in refs:
        news = Result(outcome="approved", gateway_ref=ref, amount=12540, currency="USD", captured=True)
        async with run.work() as work:
            heard = Heard(news, "webhook", "webhook", "gateway")
            await apply_charge(work, attempt_id=UUID(held["id"]), heard=heard)
    owed = (await office.get(f"/v1/customer-balances/{bill['customer_id']}")).json()
    assert (owed["owed"], owed["credit"]) == (0, 0)


async def test_a_voided_hold_was_never_refunded(office: Office, payer: Payer, bill: Bill) -> None:
    held = await charge(office, bill, kind="authorize")
    gone = (await office.post(f"/v1/payment-attempts/{held['id']}/void", json={})).json()
    assert (gone["state"], gone["captured"], gone["refunded"], gone["reserved"]) == ("voided", 0, 0, 0)


async def test_a_charge_in_review_is_decided_although_its_account_cannot_be_read(
    run: Running[Any], office: Office, payer: Payer, bill: Bill
) -> None:
    await payer.fault("drop")
    made = await charge(office, bill)
    async with run.work() as work:
        await work.session.execute(
            update(attempt).where(attempt.c.id == UUID(made["id"])).values(state="needs_review")
        )
        unreadable = seal(run.settings, SecretStr("{}"), "somewhere else")
        await work.session.execute(update(gateway_account).values(secrets=unreadable))
    (row,) = await payer.ledger()
    done = await decide(office, f"/v1/payment-attempts/{made['id']}", took(12540, row["id"]))
    assert (done.status_code, done.json()["state"]) == (200, "succeeded")
