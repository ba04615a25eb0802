"""The pay link: one invoice, without logon, and nothing else."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from bills import drafted, invoice, issued, known_customer, known_dispatch, line, pay_by_cheque, updated
from gateway import Clock, Payer
from harness import at_work, client, feed
from hypothesis import given
from hypothesis import strategies as st
from payments import paylink
from payments.flows.links import MOST, address_in_mail
from payments.letter import compose
from payments.paylink import PayLink
from payments.queries.documents import facts_of
from payments.queries.invoices import find
from payments.service import service
from pydantic import SecretStr
from shared.db import utcnow, uuid7
from shared.events.dispatch import Note
from shared.service import Running

KEY = SecretStr("made up for tests")
NOW = datetime(2031, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
async def browser(run: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(run) as anybody:
        yield anybody


async def link_to(office: httpx.AsyncClient, id: str) -> str:
    answer = await office.post(f"/v1/invoices/{id}/pay-links")
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store"), answer.text
    url = httpx.URL(answer.json()["url"])
    return f"{url.path}?{url.query.decode()}"


async def test_a_link_pays_its_invoice(
    run: Running[Any],
    office: httpx.AsyncClient,
    browser: httpx.AsyncClient,
    payer: Payer,
    bill: dict[str, Any],
) -> None:
    link = await link_to(office, bill["id"])
    for _ in range(3):
        page = await browser.get(link)
        assert page.status_code == 200
        assert "$125.40" in page.text
        assert "form-action 'self'" in page.headers["content-security-policy"]
        assert page.headers["referrer-policy"] == "no-referrer"
    assert await payer.ledger() == []
    assert (await office.get("/v1/payment-attempts")).json()["items"] == []
    first, second = await asyncio.gather(*(browser.post(link) for _ in range(2)))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"] == second.headers["location"]
    assert (await browser.get(link)).status_code == 200
    back = httpx.URL(await payer.decide(first.headers["location"]))
    await browser.get(back.path, params=back.params)
    assert (await invoice(office, bill["id"]))["state"] == "paid"
    for closed in (await browser.get(link), await browser.post(link)):
        assert closed.status_code == 410
        assert "paid" in closed.text
    assert len(await payer.charges()) == 1


async def test_what_is_no_good_link_looks_alike(
    run: Running[Any],
    office: httpx.AsyncClient,
    browser: httpx.AsyncClient,
    payer: Payer,
    bill: dict[str, Any],
) -> None:
    good = await link_to(office, bill["id"])
    text = good.partition("=")[2]
    ends = NOW + timedelta(days=9000)
    stranger = paylink.sign(KEY, PayLink(UUID(bill["id"]), NOW, ends))
    nobody = paylink.sign(run.settings.secret_key, PayLink(uuid7(), utcnow(), ends))
    changed = text[:10] + ("A" if text[10] != "A" else "B") + text[11:]
    pages = [
        await browser.get("/v1/pay", params={"link": each})
        for each in (stranger, nobody, changed, text[:-4], "x", "é")
    ]
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1
    assert (await browser.post("/v1/pay", params={"link": stranger})).status_code == 404


async def test_a_link_ends_with_its_days_and_when_it_is_revoked(
    run: Running[Any],
    office: httpx.AsyncClient,
    browser: httpx.AsyncClient,
    payer: Payer,
    bill: dict[str, Any],
    clock: Clock,
) -> None:
    old = await link_to(office, bill["id"])
    clock.ahead += timedelta(minutes=1)
    assert (await office.post(f"/v1/invoices/{bill['id']}/pay-links/revoke")).status_code == 204
    assert (await browser.get(old)).status_code == 404
    assert (await browser.post(old)).status_code == 404
    new = await link_to(office, bill["id"])
    assert (await browser.get(new)).status_code == 200
    clock.ahead += timedelta(days=run.settings.pay_link_days)
    assert (await browser.get(new)).status_code == 404


async def test_a_link_outlives_a_new_key(tmp_path: Path) -> None:
    url, new = f"sqlite+aiosqlite:///{tmp_path}/payments.db", b64encode(b"n" * 32).decode()
    async with at_work(service, url) as run, client(run, "office.admin") as office:
        link = await link_to(office, (await issued(office, await known_customer(run)))["id"])
        old = run.settings.secret_key
    for known, status in (((), 404), ((old,), 200)):
        async with (
            at_work(service, url, secret_key=new, old_secret_keys=known) as run,
            client(run) as anybody,
        ):
            assert (await anybody.get(link)).status_code == status


async def test_a_void_invoice_and_a_draft_have_none(
    run: Running[Any],
    office: httpx.AsyncClient,
    browser: httpx.AsyncClient,
    payer: Payer,
    bill: dict[str, Any],
) -> None:
    link = await link_to(office, bill["id"])
    why = {"json": {"reason": "made twice"}, "headers": {"If-Match": '"2"'}}
    assert (await office.post(f"/v1/invoices/{bill['id']}/void", **why)).status_code == 200
    assert (await browser.post(link)).status_code == 410
    draft = await drafted(office, await known_customer(run))
    for id in (bill["id"], draft["id"]):
        assert (await office.post(f"/v1/invoices/{id}/pay-links")).status_code == 409
    assert (await browser.post(f"/v1/invoices/{bill['id']}/pay-links")).status_code == 401


async def test_a_link_does_not_collect_the_forbidden_fee(
    run: Running[Any],
    office: httpx.AsyncClient,
    browser: httpx.AsyncClient,
    payer: Payer,
    bill: dict[str, Any],
) -> None:
    id, person, _ = await known_dispatch(run)
    fee = line(10000, kind="service_fee", description="Service fee")
    made = await issued(office, person, fee, line(20000), dispatch_id=str(id))
    link = await link_to(office, made["id"])
    await feed(run, updated(do_not_collect=True, notes=(Note(kind="message", text="DO NOT COLLECT FEE"),)))
    page = await browser.get(link)
    assert "$200.00" in page.text
    assert "DO NOT COLLECT FEE" in page.text
    await browser.post(link)
    (begun,) = (await office.get("/v1/payment-attempts")).json()["items"]
    assert (begun["amount"], begun["channel"]) == (20000, "link")


async def test_a_link_is_not_for_trying_cards(
    run: Running[Any],
    office: httpx.AsyncClient,
    browser: httpx.AsyncClient,
    payer: Payer,
    bill: dict[str, Any],
) -> None:
    link = await link_to(office, bill["id"])
    for _ in range(MOST):
        begun = await browser.post(link)
        back = httpx.URL(await payer.decide(begun.headers["location"], "decline"))
        await browser.get(back.path, params=back.params)
    refused = await browser.post(link)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")


async def test_the_mail_has_a_link_where_it_can_be_paid(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    async def in_mail(id: str) -> str:
        async with run.database.read() as read:
            return await address_in_mail(read, run.settings, await find(read, UUID(id)), utcnow())

    url = await in_mail(bill["id"])
    assert url.startswith(f"{run.settings.payments_url}/v1/pay?link=")
    async with run.database.read() as read:
        facts = await facts_of(read, run.settings, UUID(bill["id"]))
    names = {"to": "pat@example.com", "sender_name": "S", "sender_address": "o@senor.example"}
    mail = compose(facts, b"", id=uuid7(), now=utcnow(), **names).decode()
    assert "/v1/pay" not in mail
    id, person, _ = await known_dispatch(run)
    theirs = await issued(office, person, dispatch_id=str(id), bill_to_partner=True)
    assert await in_mail(theirs["id"]) == ""
    await pay_by_cheque(office, bill["customer_id"], 12540, **{bill["id"]: 12540})
    assert await in_mail(bill["id"]) == ""


@given(st.uuids(), st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 54), st.integers(0, 63))
def test_no_part_of_a_link_can_be_changed(id: UUID, made: int, days: int, at: int, to: int) -> None:
    start = NOW + timedelta(seconds=made)
    link = PayLink(id, start, start + timedelta(seconds=days))
    text = paylink.sign(KEY, link)
    assert paylink.read(KEY, text, now=start) == link
    assert paylink.read(KEY, text, now=link.expires_at) is None
    assert paylink.read(SecretStr("another"), text, now=start) is None
    letter = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[to]
    changed = text[:at] + letter + text[at + 1 :]
    assert changed == text or paylink.read(KEY, changed, now=start) is None
