"""What goes wrong with card payments, at each gateway's own simulator over real HTTP: in the end its ledger
is ours, and nobody has paid twice.

The fifteen hardest cases, and the tests that show them here, in test_checkout (C), test_races (R) and
test_killed (K); `pytest -k case_` runs them all.

| case | what happens | shown by |
| --- | --- | --- |
| 1 | the answer is lost, the charge went through | C case_1; here case_1, case_1_by_voiding |
| 2 | the call never arrived; nobody is there | C case_2, case_2_at_once |
| 3 | killed around the call, and asked again | K case_3, case_3_on_the_way_back |
| 4 | eight clicks, two tabs; fifty at once | C case_4, R case_4 |
| 5, 6 | return and webhook at once; repeats and old news | R case_5_and_6; here case_6 |
| 7 | PayPal answers 500 though it captured | here case_7 |
| 8 | ORDER_ALREADY_CAPTURED | here case_8 |
| 9 | the order is COMPLETED, its capture PENDING | R case_9; here case_9 |
| 10 | a refund's answer is lost; more refunds than money | C case_10, case_10_in_parallel; here case_10 |
| 11 | approved with a wrong security code; the void is lost | C case_11; here case_11, case_11_on_the_page |
| 12 | DECLINED,DUPLICATE | here case_12, case_12_of_another |
| 13 | the return address is forged | C case_13; here case_13 |
| 14 | the money comes late, or is another amount | C case_14, case_14_another_amount; here case_14* |
| 15 | the token expires in the middle; no card numbers | here case_15; C case_15, tests/secrecy.py always |
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
from bills import invoice, issued, known_customer, pay_by_cheque
from gateway import Clock, Payer, charge, check_out, come_back, connected, gateway_at_work, serving, state_of
from gateways import HEARD_WITH
from harness import of, said
from payments.flows.reconciliation import compare_day
from payments.flows.tokens import gateway_of
from payments.flows.webhooks import apply_waiting
from payments.gateways import WITHOUT_PAGE
from payments.gateways.base import Tokens
from payments.models import gateway_account
from pydantic import SecretStr
from shared.app import create_app
from shared.events.money import PaymentRefunded, PaymentSettled
from shared.service import Running
from simulators.gateways.all import GATEWAYS
from sqlalchemy import select

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
Office = httpx.AsyncClient
Bill = dict[str, Any]


@pytest.fixture
async def at(
    request: pytest.FixtureRequest, tmp_path: Path, run: Running[Any], office: Office
) -> AsyncGenerator[Payer]:
    """The gateway at a port of its own, which calls our service at another."""
    async with (
        gateway_at_work(request.param, tmp_path / "gateway") as found,
        serving(create_app(run, loops=False)) as service,
    ):
        if found.name in HEARD_WITH:
            await found.calls(service)
        if found.name == "qbms":  # where its payers end is a setting at Intuit
            (await found.http.put(f"{found.url}/paypage/return", json={"url": service})).raise_for_status()
        account = await connected(office, found)
        if found.name == "quickbooks":
            found.app.state.access, found.app.state.refresh = "access-1", "refresh-1"
            hour = datetime.now(UTC) + timedelta(hours=1)
            kept = Tokens(access=SecretStr("access-1"), expires_at=hour, refresh=SecretStr("refresh-1"))
            await (await tokens_of(run, account["id"])).save(kept)
        yield found


@pytest.fixture
async def bill(run: Running[Any], office: Office, at: Payer) -> Bill:
    return await issued(office, await known_customer(run))


def by(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("at", names, indirect=True)


async def tokens_of(run: Running[Any], account_id: str) -> Any:
    async with run.database.read() as read:
        query = select(gateway_account).where(gateway_account.c.id == UUID(account_id))
        row = (await read.execute(query)).one()
    return cast("Any", gateway_of(run, row)).tokens


async def token(at: Payer) -> str:
    """What the gateway's script in the browser makes of a card."""
    if at.name != "quickbooks":
        return "tok_visa"
    answer = await at.http.post(f"{at.url}/quickbooks/v4/payments/tokens", json={})
    return answer.raise_for_status().json()["value"]


async def told(run: Running[Any], at: Payer) -> None:
    """All webhooks have come and are applied."""
    await at.app.state.house.caller.settled()
    await apply_waiting(run)


async def same_books(office: Office, at: Payer) -> None:
    rows = [row for row in await at.ledger() if row["status"] in ("approved", "review")]
    items = (await office.get("/v1/payment-attempts")).raise_for_status().json()["items"]
    ours = [(await office.get(f"/v1/payment-attempts/{each['id']}")).json() for each in items]
    taken = sum(row["amount"] for row in rows if row["kind"] in ("sale", "capture"))
    given = sum(row["amount"] for row in rows if row["kind"] == "refund")
    assert taken == sum(each["captured"] for each in ours)
    assert given == sum(each["refunded"] for each in ours)


async def balance(office: Office, bill: Bill) -> int:
    return (await invoice(office, bill["id"]))["balance"]


async def alerts(office: Office) -> set[str]:
    return {each["kind"] for each in (await office.get("/v1/payment-alerts")).json()["items"]}


@by(*GATEWAYS)
async def test_paid_and_given_back(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock
) -> None:
    if at.name in WITHOUT_PAGE:
        assert (await set_account(office, default_portal=True)).status_code == 422
        id = (await charge(office, bill, await token(at)))["id"]
    else:
        started = (await check_out(office, bill)).json()
        id, back = started["id"], await at.decide(started["redirect_url"])
        if at.name == "qbms":
            await clock.pass_by(run, minutes=2)
        else:
            assert "your payment has arrived" in (await come_back(office, back)).text
        await told(run, at)
    assert (await state_of(office, id), await balance(office, bill)) == ("succeeded", 0)
    assert [each.amount for each in of(await said(run), PaymentSettled)] == [12540]
    path = f"/v1/payment-attempts/{id}/refund"
    part = (await office.post(path, json={"amount": 4000})).json()
    assert (part["refunded"], await balance(office, bill)) == (4000, 4000)
    assert (await office.post(path, json={"amount": 8541})).status_code == 409
    rest = (await office.post(path, json={})).json()
    await told(run, at)
    assert (rest["refunded"], await balance(office, bill)) == (12540, 12540)
    assert [each.amount for each in of(await said(run), PaymentRefunded)] == [4000, 8540]
    await same_books(office, at)


@by("sandbox", "merchantware")
@pytest.mark.parametrize("mode", ["drop", "garbage"])
async def test_case_1_charged_but_the_answer_is_lost(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock, mode: str
) -> None:
    await at.fault(mode)
    made = await charge(office, bill)
    assert made["state"] == "unknown"
    assert (await check_out(office, bill)).status_code == 409
    assert await balance(office, bill) == 12540
    await clock.pass_by(run, minutes=2)
    assert (await state_of(office, made["id"]), await balance(office, bill)) == ("succeeded", 0)
    assert len(await at.charges()) == 1
    await same_books(office, at)


@by("quickbooks")
@pytest.mark.parametrize("mode", ["drop", "fail", "lose"])
async def test_case_1_by_voiding(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock, mode: str
) -> None:
    """It cannot be asked, and the token was good once: so the request is taken back by its id."""
    await at.fault(mode, path="charges")
    made = await charge(office, bill, await token(at))
    assert made["state"] == "unknown"
    for minutes in (2, 20, 70):
        await clock.pass_by(run, minutes=minutes)
    assert await state_of(office, made["id"]) == ("failed" if mode == "lose" else "voided")
    assert (await balance(office, bill), await at.charges()) == (12540, [])
    assert (await charge(office, bill, await token(at)))["state"] == "succeeded"
    await same_books(office, at)


@by("paypal", "stripe")
async def test_case_6_webhooks_in_any_number_before_and_after_the_return(
    run: Running[Any], office: Office, at: Payer, bill: Bill
) -> None:
    started = (await check_out(office, bill)).json()
    await at.fault("webhook_replay")
    back = await at.decide(started["redirect_url"])
    if at.name == "stripe":
        await told(run, at)
        assert await state_of(office, started["id"]) == "succeeded"
    assert "your payment has arrived" in (await come_back(office, back)).text
    await told(run, at)
    assert await state_of(office, started["id"]) == "succeeded"
    assert len(of(await said(run), PaymentSettled)) == 1
    await same_books(office, at)


@by("paypal")
@pytest.mark.parametrize("later", [{"minutes": 2}, {"hours": 7}], ids=["sent again", "looked up"])
@pytest.mark.parametrize("mode", ["fail", "drop"])
async def test_case_7_paypal_fails_though_it_captured(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock, mode: str, later: dict[str, int]
) -> None:
    await at.fault("webhook_none")
    started = (await check_out(office, bill)).json()
    back = await at.decide(started["redirect_url"])
    await at.fault(mode, path="capture")
    assert "Please do not pay again" in (await come_back(office, back)).text
    assert await state_of(office, started["id"]) == "unknown"
    assert (await check_out(office, bill)).status_code == 409
    await clock.pass_by(run, **later)
    assert (await state_of(office, started["id"]), await balance(office, bill)) == ("succeeded", 0)
    keys = [headers["paypal-request-id"] for path, headers in at.heard if path.endswith("/capture")]
    assert (len(keys), len(set(keys))) == (2 if "minutes" in later else 1, 1)
    assert len(of(await said(run), PaymentSettled)) == 1
    await same_books(office, at)


@by("paypal")
async def test_case_8_captured_already(run: Running[Any], office: Office, at: Payer, bill: Bill) -> None:
    started = (await check_out(office, bill)).json()
    back = await at.decide(started["redirect_url"])
    await at.fault("webhook_none")
    order = httpx.URL(back).params["token"]
    headers = {"Authorization": "Bearer A21", "PayPal-Request-Id": "by another hand"}
    path = f"{at.url}/v2/checkout/orders/{order}/capture"
    assert (await at.http.post(path, json={}, headers=headers)).status_code == 201
    assert "your payment has arrived" in (await come_back(office, back)).text
    assert (await state_of(office, started["id"]), await balance(office, bill)) == ("succeeded", 0)
    await same_books(office, at)


@by("paypal")
@pytest.mark.parametrize("approved", [False, True])
async def test_case_9_completed_but_pending(
    run: Running[Any], office: Office, at: Payer, bill: Bill, approved: bool
) -> None:
    started = (await check_out(office, bill)).json()
    back = await at.decide(started["redirect_url"])
    await at.fault("pending")
    assert "on its way" in (await come_back(office, back)).text
    await told(run, at)
    assert (await state_of(office, started["id"]), await balance(office, bill)) == ("pending", 12540)
    assert (await check_out(office, bill)).status_code == 409
    assert of(await said(run), PaymentSettled) == []
    (row,) = await at.ledger()
    path = f"{at.url}/ledger/{row['id']}/end"
    (await at.http.post(path, params={"approved": approved})).raise_for_status()
    await told(run, at)
    assert await state_of(office, started["id"]) == ("succeeded" if approved else "declined")
    assert len(of(await said(run), PaymentSettled)) == int(approved)
    assert (await check_out(office, bill)).status_code == (409 if approved else 201)
    await same_books(office, at)


@by("merchantware", "paypal", "stripe", "qbms", "quickbooks")
@pytest.mark.parametrize("mode", ["drop", "lose"])
async def test_case_10_a_refund_whose_answer_is_lost(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock, mode: str
) -> None:
    if at.name == "quickbooks":
        id = (await charge(office, bill, await token(at)))["id"]
    else:
        started = (await check_out(office, bill)).json()
        id, back = started["id"], await at.decide(started["redirect_url"])
        await (clock.pass_by(run, minutes=2) if at.name == "qbms" else come_back(office, back))
    await told(run, at)
    path = f"/v1/payment-attempts/{id}"
    await at.fault(mode)
    lost = (await office.post(f"{path}/refund", json={"amount": 5000})).json()
    assert (lost["refunded"], lost["reserved"]) == (0, 5000)
    assert (await office.post(f"{path}/refund", json={"amount": 5000})).status_code == 409
    for minutes in (2, 20, 70):
        await clock.pass_by(run, minutes=minutes)
    await told(run, at)
    shown = (await office.get(path)).json()
    never = mode == "lose" and at.name == "merchantware"  # which would not know a repeat
    assert (shown["refunded"], shown["reserved"]) == (0 if never else 5000, 0)
    await same_books(office, at)


@by("merchantware", "quickbooks")
@pytest.mark.parametrize("mode", ["drop", "lose"])
async def test_case_11_a_wrong_security_code(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock, mode: str
) -> None:
    (await set_account(office, cvv_policy="void")).raise_for_status()
    await at.fault("cvv_fail")
    made = await charge(office, bill, await token(at))
    assert made["state"] == "void_pending"
    await at.fault(mode)
    for minutes in (1, 2, 20, 70):
        await clock.pass_by(run, minutes=minutes)
    shown = (await office.get(f"/v1/checkouts/{made['id']}")).json()
    assert (shown["state"], await balance(office, bill)) == ("declined", 12540)
    assert "You have not been charged" in shown["says"]
    back = [row["kind"] for row in await at.ledger() if row["kind"] != "sale"]
    assert back == ["void"]
    shown = (await office.get(f"/v1/payment-attempts/{made['id']}")).json()
    assert (shown["captured"], shown["refunded"], shown["reserved"]) == (12540, 12540, 0)
    assert of(await said(run), PaymentSettled) == []
    assert (await charge(office, bill, await token(at)))["state"] == "succeeded"


@by("merchantware")
async def test_case_11_on_the_page(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock
) -> None:
    """A hosted page only sells: the code is seen when we look."""
    (await set_account(office, cvv_policy="void")).raise_for_status()
    started = (await check_out(office, bill)).json()
    await at.fault("cvv_fail")
    page = await come_back(office, await at.decide(started["redirect_url"]))
    assert "declined. What was reserved or taken on your card is being given back" in page.text
    await clock.pass_by(run, minutes=2)
    assert (await state_of(office, started["id"]), await balance(office, bill)) == ("declined", 12540)
    assert await at.charges() == []


async def set_account(office: Office, **changes: Any) -> httpx.Response:
    (account,) = (await office.get("/v1/gateway-accounts")).json()
    path = f"/v1/gateway-accounts/{account['id']}"
    return await office.patch(path, json=changes, headers={"If-Match": '"1"'})


@by("merchantware")
async def test_case_12_a_duplicate_of_our_own(
    run: Running[Any], office: Office, at: Payer, bill: Bill
) -> None:
    """The network delivers the sale twice, and we hear of the second."""
    await at.fault("twice", path="SaleVault")
    made = await charge(office, bill)
    assert (made["state"], await balance(office, bill)) == ("succeeded", 0)
    sale, repeat = await at.ledger()
    assert (sale["status"], repeat["status"]) == ("approved", "duplicate")
    assert made["gateway_ref"] == sale["id"]
    await same_books(office, at)


@by("merchantware")
async def test_case_12_of_another(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock
) -> None:
    """Two invoices of one amount: a person decides, and the other's reference is never borrowed."""
    first = await charge(office, bill)
    other = await issued(office, bill["customer_id"])
    await at.fault("duplicate")
    made = await charge(office, other)
    assert (made["state"], made["gateway_ref"]) == ("needs_review", None)
    assert (await check_out(office, other)).status_code == 409
    assert await balance(office, other) == 12540
    etag = (await office.get(f"/v1/payment-attempts/{made['id']}")).headers["etag"]
    decision = {"outcome": "succeeded", "gateway_ref": first["gateway_ref"], "note": "it is in the list"}
    decision |= {"amount": 12540, "currency": "USD"}
    path = f"/v1/payment-attempts/{made['id']}/decision"
    assert (await office.post(path, json=decision, headers={"If-Match": etag})).status_code == 409
    assert "needs_review" in await alerts(office)
    await same_books(office, at)


@by("merchantware", "paypal", "stripe")
async def test_case_13_a_forged_return(run: Running[Any], office: Office, at: Payer, bill: Bill) -> None:
    """Neither a return that was made up, nor one that says more than the gateway."""
    started = (await check_out(office, bill)).json()
    here = f"/v1/checkouts/{started['id']}/return"
    guessed = "Status=APPROVED&ValidationKey=guessed&token=8XX&PayerID=X&session_id=cs_test_guessed"
    refused = await office.get(f"{here}?{guessed}&TransactionID={UUID(started['id']).hex}")
    assert refused.status_code == 400
    assert await state_of(office, started["id"]) == "requires_action"
    order = at.app.state.house.books.orders
    ((id, known),) = order.items()
    words = {"Status": "APPROVED", "ValidationKey": known.secret, "TransactionID": known.our_id}
    words |= {"token": id, "PayerID": "X", "session_id": id}
    page = await come_back(office, str(httpx.URL(f"http://us{here}", params=words)))
    assert "not finished" in page.text
    assert (await state_of(office, started["id"]), await at.ledger()) == ("requires_action", [])
    assert await balance(office, bill) == 12540
    assert (
        "your payment has arrived" in (await come_back(office, await at.decide(started["redirect_url"]))).text
    )
    await same_books(office, at)


@by("merchantware")
async def test_case_14_paid_after_the_page_was_given_up(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock
) -> None:
    """No webhook tells of it: the gateway's list of the day does."""
    started = (await check_out(office, bill)).json()
    await clock.pass_by(run, hours=3)
    assert await state_of(office, started["id"]) == "expired"
    await pay_by_cheque(office, bill["customer_id"], 12540, **{bill["id"]: 12540})
    await at.decide(started["redirect_url"])
    await compare_day(run, datetime.now(UTC).date())
    assert await state_of(office, started["id"]) == "succeeded"
    owed = (await office.get(f"/v1/customer-balances/{bill['customer_id']}")).json()
    assert (owed["owed"], owed["credit"]) == (0, 12540)
    assert await alerts(office) == {"late_success", "credit"}
    await same_books(office, at)


@by("merchantware")
async def test_case_14_paid_and_the_last_look_is_not_answered(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock
) -> None:
    """The payer never came back: his page is not given up before the gateway has said that nobody paid."""
    started = (await check_out(office, bill)).json()
    await at.decide(started["redirect_url"])
    await at.fault("drop", path="Reporting")
    await clock.pass_by(run, hours=3)
    assert await state_of(office, started["id"]) == "unknown"
    assert (await check_out(office, bill)).status_code == 409
    await clock.pass_by(run, minutes=2)
    assert (await state_of(office, started["id"]), await balance(office, bill)) == ("succeeded", 0)
    await same_books(office, at)


@by("paypal")
async def test_case_14_what_was_pending_comes_after_a_cheque(
    run: Running[Any], office: Office, at: Payer, bill: Bill
) -> None:
    started = (await check_out(office, bill)).json()
    back = await at.decide(started["redirect_url"])
    await at.fault("pending")
    await come_back(office, back)
    await pay_by_cheque(office, bill["customer_id"], 12540, **{bill["id"]: 12540})
    (row,) = await at.ledger()
    (await at.http.post(f"{at.url}/ledger/{row['id']}/end", params={"approved": True})).raise_for_status()
    await told(run, at)
    assert await state_of(office, started["id"]) == "succeeded"
    owed = (await office.get(f"/v1/customer-balances/{bill['customer_id']}")).json()
    assert (owed["owed"], owed["credit"]) == (0, 12540)
    assert await alerts(office) == {"credit"}
    await same_books(office, at)


@by("merchantware", "paypal", "stripe", "qbms")
async def test_case_14_another_amount(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock
) -> None:
    started = (await check_out(office, bill)).json()
    await at.fault("wrong_amount")
    back = await at.decide(started["redirect_url"])
    await (clock.pass_by(run, minutes=2) if at.name == "qbms" else come_back(office, back))
    await told(run, at)
    assert (await state_of(office, started["id"]), await balance(office, bill)) == ("needs_review", 12540)
    assert await alerts(office) == {"needs_review"}
    assert (await check_out(office, bill)).status_code == 409


@by("quickbooks")
async def test_case_15_the_token_expires_in_the_middle(
    run: Running[Any], office: Office, at: Payer, bill: Bill
) -> None:
    """One renewal for two charges, kept before it is used; each charge is sent again with its own id."""
    other = await issued(office, bill["customer_id"])
    at.app.state.access = "another"
    cards = [await token(at), await token(at)]
    await at.fault("stall", path="bearer", seconds=1)  # so that both are refused before it is renewed
    at.heard.clear()
    made = await asyncio.gather(charge(office, bill, cards[0]), charge(office, other, cards[1]))
    assert [each["state"] for each in made] == ["succeeded", "succeeded"]
    paths = [path for path, _ in at.heard]
    assert paths.count("/oauth2/v1/tokens/bearer") == 1
    ids = Counter(headers["request-id"] for path, headers in at.heard if path.endswith("/charges"))
    assert len(ids) == 2
    assert max(ids.values()) == 2, "one that comes late starts with the new token, and is sent once"
    (account,) = (await office.get("/v1/gateway-accounts")).json()
    kept = await (await tokens_of(run, account["id"])).load()
    assert (kept.access.get_secret_value(), kept.refresh.get_secret_value()) == (
        at.app.state.access,
        at.app.state.refresh,
    )
    assert at.app.state.refresh != "refresh-1"
    await same_books(office, at)
