"""The adapters against the simulated gateways: what both ledgers hold after things went wrong."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from gateways import ACCOUNTS, HEARD_WITH, account_at
from payments.gateways import WITHOUT_PAGE, open_gateway
from payments.gateways.base import Expected, Hosted, Order, Result, digest
from payments.gateways.findings import compare, meant
from payments.gateways.found import Findings
from payments.gateways.port import Gateway
from payments.gateways.quickbooks import connect_url
from pydantic import SecretStr
from simulators.gateways.all import GATEWAYS

BASE = "http://gateway.test"
INTUIT = "https://appcenter.intuit.com/connect/oauth2"
HOSTED = ("sandbox", "merchantware", "qbms", "paypal", "stripe")
HERE = {"return_url": "http://portal.test/return?attempt=a-1", "cancel_url": "http://portal.test/cancel"}


class At:
    """One simulated gateway and an account at it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.heard: list[tuple[bytes, Mapping[str, str]]] = []
        self.name = name
        ear = httpx.AsyncClient(transport=httpx.MockTransport(self._hear))
        self.app = GATEWAYS[name](folder, client=ear)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=BASE)
        self.gateway: Gateway = open_gateway(name, self.client, account_at(name, BASE))

    def _hear(self, request: httpx.Request) -> httpx.Response:
        self.heard.append((request.content, dict(request.headers)))
        return httpx.Response(200)

    async def fault(self, mode: str, **more: Any) -> None:
        (await self.client.post("/faults", json={"mode": mode, **more})).raise_for_status()

    async def ledger(self, kind: str = "sale", status: str = "approved") -> list[dict[str, Any]]:
        rows = (await self.client.get("/ledger")).json()
        return [row for row in rows if row["kind"] == kind and row["status"] == status]

    async def decide(self, hosted: Hosted, decision: str = "pay") -> dict[str, str]:
        """The payer at the page; the query he comes back with."""
        page = await self.client.get(hosted.redirect_url, follow_redirects=True)
        assert "Pay 125.40" in page.text
        answer = await self.client.post(page.url, data={"decision": decision, "card": "visa 4242"})
        assert answer.status_code == 303, answer.text
        return dict(httpx.URL(answer.headers["location"]).params)

    async def pay(self, order: Order) -> Result:
        hosted = await self.gateway.start_hosted(order, **HERE)
        assert isinstance(hosted, Hosted), hosted
        await self.decide(hosted)
        return await self.gateway.complete(of(order, hosted), request_id=f"{order.request_id}-c")


def order(id: str = "a-1") -> Order:
    return Order(
        our_id=id,
        request_id=id,
        short_ref="INV10042",
        amount=12540,
        description="Invoice 10042",
        name="José & Sons",
    )


def of(order: Order, hosted: Hosted) -> Expected:
    return Expected(
        our_id=order.our_id,
        amount=order.amount,
        order_ref=hosted.order_ref,
        return_digest=digest(hosted.return_secret),
    )


@pytest.fixture
async def at(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[At]:
    here = At(request.param, tmp_path)
    if here.name == "qbms":
        await here.client.put("/paypage/return", json={"url": "http://portal.test/return"})
    if here.name == "quickbooks":
        quickbooks = cast("Any", here.gateway)
        page = connect_url(quickbooks.account, "http://o/", "s").replace(INTUIT, "/connect/oauth2")
        back = httpx.URL((await here.client.post(page, data={"decision": "connect"})).headers["location"])
        await quickbooks.tokens.save(await quickbooks.connect(SecretStr(back.params["code"]), "http://o/"))
    yield here
    await here.client.aclose()


hosted = pytest.mark.parametrize("at", HOSTED, indirect=True)
every = pytest.mark.parametrize("at", list(GATEWAYS), indirect=True)


@hosted
async def test_a_payer_pays_on_the_page(at: At) -> None:
    page = await at.gateway.start_hosted(order(), **HERE)
    assert isinstance(page, Hosted)
    expected = of(order(), page)
    if at.name != "qbms":  # an answer of Intuit's that was never seen
        unpaid = await at.gateway.lookup(expected)
        assert isinstance(unpaid, Findings)
        assert compare(unpaid, expected).outcome in ("not_found", "requires_action")
    query = await at.decide(page)
    returned = at.gateway.complete_return(query, expected)
    assert returned.verified
    assert not returned.canceled
    assert not at.gateway.complete_return({**query, "token": "x", "OpId": "x"} | FORGED, expected).verified
    done = await at.gateway.complete(expected, request_id="c-1")
    assert (done.outcome, done.amount, done.currency) == ("approved", 12540, "USD")
    (row,) = await at.ledger()
    assert row["id"] == done.gateway_ref


FORGED = {"secret": "x", "ValidationKey": "x", "session_id": "x"}


@hosted
async def test_a_payer_cancels(at: At) -> None:
    page = await at.gateway.start_hosted(order(), **HERE)
    assert isinstance(page, Hosted)
    await at.decide(page, "cancel")
    found = await at.gateway.complete(of(order(), page), request_id="c-1")
    assert found.outcome in ("not_found", "requires_action", "unknown")
    assert await at.ledger() == []


@hosted
async def test_parts_go_back_and_no_more_than_was_paid(at: At) -> None:
    paid = await at.pay(order())
    first = await at.gateway.refund(paid.gateway_ref or "", 4000, "USD", request_id="rf-1")
    assert first.outcome == "approved"
    over = await at.gateway.refund(paid.gateway_ref or "", 8541, "USD", request_id="rf-2")
    assert over.outcome in ("error", "declined")
    rest = await at.gateway.refund(paid.gateway_ref or "", 8540, "USD", request_id="rf-3")
    assert rest.outcome == "approved"
    assert sum(row["amount"] for row in await at.ledger("refund")) == 12540


@hosted
async def test_a_refund_whose_answer_is_lost(at: At) -> None:
    """Found by its own id, or sent again with the same: the money goes back once."""
    paid = await at.pay(order())
    await at.fault("drop")
    lost = await at.gateway.refund(paid.gateway_ref or "", 4000, "USD", request_id="rf-1")
    assert (lost.outcome, lost.kind) == ("unknown", "no_answer")
    if at.gateway.capabilities.find_by_our_id:
        asked = Expected(our_id="rf-1", amount=4000, kind="refund", charge_ref=paid.gateway_ref)
        found = await at.gateway.lookup(asked)
        assert isinstance(found, Findings)
        assert (meant(found, asked).outcome, meant(found, asked).amount) == ("approved", 4000)
    else:
        again = await at.gateway.refund(paid.gateway_ref or "", 4000, "USD", request_id="rf-1")
        assert again.outcome == "approved"
    assert len(await at.ledger("refund")) == 1


async def charged(at: At, order: Order) -> Result:
    """A charge without a page: a one-time token, or a card that is on file."""
    if at.name == "quickbooks":
        token = (await at.client.post("/quickbooks/v4/payments/tokens", json={})).json()["value"]
        at.app.state.house.books.cards["again"] = "visa 4242"
        return await at.gateway.charge_token(order, SecretStr(token))
    return await at.gateway.charge_token(order, SecretStr("tok_visa"), saved=at.name == "qbms")


CHARGE = {"quickbooks": "charges"}  # its token is a call of its own
TOKENS = ("sandbox", "merchantware", "qbms", "quickbooks")


@pytest.mark.parametrize("at", TOKENS, indirect=True)
@pytest.mark.parametrize("mode", ["drop", "fail", "garbage"])
async def test_a_charge_whose_answer_is_lost(at: At, mode: str) -> None:
    await at.fault(mode, path=CHARGE.get(at.name, ""))
    lost = await charged(at, order())
    assert lost.outcome == "unknown"
    assert len(await at.ledger()) == 1
    can = at.gateway.capabilities
    if can.find_by_our_id:
        found = await at.gateway.lookup(Expected(our_id="a-1", amount=12540))
        assert isinstance(found, Findings)
        assert compare(found, Expected(our_id="a-1", amount=12540)).outcome == "approved"
    elif can.abandon:
        assert (await at.gateway.abandon("a-1")).outcome == "approved"
        assert await at.ledger() == []
    else:
        assert (await charged(at, order())).outcome == "approved"
        assert len(await at.ledger()) == 1


@pytest.mark.parametrize("at", TOKENS, indirect=True)
async def test_a_charge_that_never_arrived(at: At) -> None:
    await at.fault("lose", path=CHARGE.get(at.name, ""))
    assert (await charged(at, order())).outcome == "unknown"
    if at.gateway.capabilities.find_by_our_id:
        assert await at.gateway.lookup(Expected(our_id="a-1", amount=12540)) == Findings()
    elif at.gateway.capabilities.abandon:
        assert (await at.gateway.abandon("a-1")).outcome == "not_found"
    assert await at.ledger() == []


@pytest.mark.parametrize("at", TOKENS, indirect=True)
async def test_hold_capture_and_void(at: At) -> None:
    held = await charged(at, Order(**(vars(order()) | {"authorize_only": True})))
    assert (held.outcome, held.captured) == ("approved", False)
    taken = await at.gateway.capture(held.gateway_ref or "", 10000, "USD", request_id="cp-1")
    assert taken.outcome == "approved"
    assert [row["amount"] for row in await at.ledger("capture")] == [10000]
    again = await charged(at, order("a-2"))
    void = await at.gateway.void(again.gateway_ref or "", request_id="vo-1", charged_by="a-2")
    assert void.outcome == "approved"
    assert len(await at.ledger("sale", "voided")) == 1
    other = await charged(at, Order(**(vars(order("a-3")) | {"authorize_only": True})))
    ref = other.gateway_ref or ""
    freed = await at.gateway.void(ref, request_id="vo-2", held=True, charged_by="a-3")
    assert freed.outcome == "approved"
    assert [row["id"] for row in await at.ledger("authorization", "voided")] == [other.gateway_ref]


@pytest.mark.parametrize("at", TOKENS, indirect=True)
async def test_a_decline_and_a_mismatch(at: At) -> None:
    await at.fault("decline")
    assert (await charged(at, order())).outcome == "declined"
    await at.fault("cvv_fail")
    found = await charged(at, order("a-2"))
    assert (found.outcome, found.cvv, found.avs) == ("approved", "no_match", "match")


@pytest.mark.parametrize("at", ["merchantware", "sandbox"], indirect=True)
async def test_a_duplicate_names_the_original(at: At) -> None:
    first = await charged(at, order())
    await at.fault("duplicate")
    found = await charged(at, order("a-2"))
    assert found.outcome == "duplicate"
    assert found.refs["duplicate_of"] == first.gateway_ref


@hosted
async def test_another_amount_is_never_ours(at: At) -> None:
    await at.fault("wrong_amount")
    assert (await at.pay(order())).outcome == "needs_review"


@pytest.mark.parametrize("at", ["paypal"], indirect=True)
async def test_paypal_captures_once_whatever_is_lost(at: At) -> None:
    page = await at.gateway.start_hosted(order(), **HERE)
    assert isinstance(page, Hosted)
    early = await at.gateway.complete(of(order(), page), request_id="c-0")
    assert (early.outcome, early.retry) == ("requires_action", "redirect_payer")
    await at.decide(page)
    await at.fault("fail", path="capture")
    assert (await at.gateway.complete(of(order(), page), request_id="c-1")).outcome == "unknown"
    again = await at.gateway.complete(of(order(), page), request_id="c-1")
    other = await at.gateway.complete(of(order(), page), request_id="c-2")
    assert again.outcome == other.outcome == "approved"
    assert again.gateway_ref == other.gateway_ref
    assert len(await at.ledger()) == 1


@pytest.mark.parametrize("at", ["sandbox", "paypal", "stripe"], indirect=True)
async def test_webhooks_are_verified(at: At) -> None:
    target = {"url": "http://us.test/hook", "secret": ACCOUNTS[at.name][HEARD_WITH[at.name]]}
    (await at.client.put("/webhook", json=target)).raise_for_status()
    await at.fault("webhook_replay")
    await at.pay(order())
    await at.app.state.house.caller.settled()
    assert len(at.heard) == 5
    (body, headers), now = at.heard[0], datetime.now(UTC)
    heard = await at.gateway.parse_webhook(body, headers, now)
    assert (heard.result.outcome, heard.our_id, heard.result.amount) == ("approved", "a-1", 12540)
    forged = await at.gateway.parse_webhook(body.replace(b"a-1", b"a-2"), headers, now)
    assert forged.result.outcome == "rejected"
    bare = open_gateway(at.name, at.client, account_at(at.name, BASE) | {HEARD_WITH[at.name]: ""})
    assert (await bare.parse_webhook(body, headers, now)).result.outcome == "rejected"


@pytest.mark.parametrize("at", ["sandbox", "merchantware", "paypal", "stripe"], indirect=True)
async def test_the_day_is_listed(at: At) -> None:
    paid = await at.pay(order())
    await at.gateway.refund(paid.gateway_ref or "", 4000, "USD", request_id="rf-1")
    now = datetime.now(UTC)
    listed = await at.gateway.list_transactions(now - timedelta(days=1), now + timedelta(days=1))
    assert isinstance(listed, Findings)
    assert sorted((each.kind, each.result.amount) for each in listed.rows) == [
        ("refund", 4000),
        ("sale", 12540),
    ]
    assert [each.of for each in listed.rows if each.kind == "refund"] == [paid.gateway_ref]


@every
async def test_who_has_a_page(at: At) -> None:
    assert at.gateway.capabilities.hosted == (at.name not in WITHOUT_PAGE)


@every
async def test_the_connection_is_checked(at: At) -> None:
    assert (await at.gateway.check_connection()).outcome == "approved"
    away = open_gateway(at.name, httpx.AsyncClient(), account_at(at.name, AWAY))
    if at.name == "quickbooks":
        cast("Any", away).tokens.__dict__.update(cast("Any", at.gateway).tokens.__dict__)
    found = await away.check_connection()
    assert (found.outcome, found.kind) == ("error", "unreachable")


AWAY = "http://127.0.0.1:1"


@pytest.mark.parametrize("at", ["quickbooks"], indirect=True)
async def test_a_refused_token_is_renewed_once_and_stored_before_use(at: At) -> None:
    store = cast("Any", at.gateway).tokens
    old = await store.load()
    at.app.state.access = "another"
    assert (await charged(at, order())).outcome == "approved"
    new = await store.load()
    assert new.access != old.access
    assert new.refresh != old.refresh
    assert len(await at.ledger()) == 1
    at.app.state.access = at.app.state.refresh = "disconnected"
    assert (await charged(at, order("a-2"))).kind == "reconnect_required"
