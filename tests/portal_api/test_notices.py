"""What customers are told of their own accord: statuses, visits, payments; and that they may say no."""

import asyncio
import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
import shared.db
from harness import at_work, client, feed
from icalendar import Calendar
from letterbox import part, read
from localservers import SmtpSink
from portal import Home, bill, household, visit
from portal_api.flows import notices, reminders
from portal_api.flows.unsubscribe import unsubscribe_url
from portal_api.models.messages import outgoing
from portal_api.models.records import customer_record
from portal_api.service import service
from pydantic import SecretStr
from shared.events.customer import CustomerMatched
from shared.events.dispatch import DispatchContent, DispatchCreated, DispatchScheduled, StatusChanged
from shared.events.money import PaymentSettled
from shared.secrets import seal
from shared.service import Running
from sqlalchemy import select

CHEAP = {"password_memory_kib": 8, "password_time": 1, "web_url": "https://portal.contractor.example"}


@pytest.fixture
async def portal(any_database: str, smtp_sink: SmtpSink) -> AsyncGenerator[Running[Any]]:
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": smtp_sink.port, "smtp_security": "none"}
    async with at_work(service, any_database, loops=True, **CHEAP, **smtp) as running:
        yield running


@pytest.fixture
async def admin(portal: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(portal, "office.admin") as found:
        yield found


async def turn_on(admin: httpx.AsyncClient, message: str, **more: Any) -> None:
    path = f"/v1/message-templates/{message}"
    now = (await admin.get(path)).json()
    body = {name: now[name] for name in ("subject", "text", "html")} | {"enabled": True, **more}
    answer = await admin.put(path, json=body, headers={"If-Match": f'"{now["version"]}"'})
    assert answer.status_code == 200, answer.text


async def got(sink: SmtpSink, count: int) -> EmailMessage:
    return read((await asyncio.to_thread(sink.wait_for, count))[-1].content)


def status(dispatch: UUID, code: str, version: int = 2, **more: Any) -> StatusChanged:
    about = {"at": datetime.now(UTC), "by": "office"} | more
    return StatusChanged(dispatch_id=dispatch, version=version, new=code, **about)


def scheduled(dispatch: UUID, appointment: UUID, version: int, start: datetime | None) -> DispatchScheduled:
    end = start + timedelta(hours=4) if start else None
    about = {"start": start, "end": end, "zone": "America/Chicago"}
    return DispatchScheduled(dispatch_id=dispatch, version=version, appointment_id=appointment, **about)


async def all_mails(running: Running[Any]) -> list[Any]:
    async with running.database.read() as reading:
        return list(await reading.execute(select(outgoing).order_by(outgoing.c.id)))


async def test_a_status_is_told_once_and_only_when_turned_on(
    portal: Running[Any], admin: httpx.AsyncClient, smtp_sink: SmtpSink
) -> None:
    home = await household(portal)
    dispatch = await visit(portal, home, number="4711")
    await feed(portal, status(dispatch, "Own Code", 2))
    listed = (await admin.get("/v1/message-templates")).json()["items"]
    assert {"status:Own Code", "status:Complete"} <= {line["message"] for line in listed}
    await turn_on(admin, "status:Own Code")
    for _ in range(2):
        await feed(portal, status(dispatch, "Own Code", 3))
    await feed(portal, status(dispatch, "Complete", 4))
    await feed(portal, status(dispatch, "Own Code", 5, at=datetime.now(UTC) - timedelta(days=2)))
    await feed(portal, status(dispatch, "Own Code", 6))
    mail = await got(smtp_sink, 2)
    assert mail["Subject"] == "Your request 4711: Own Code"
    assert f"https://portal.contractor.example/portal/visits/{dispatch}" in part(mail, "text/plain")
    rows = await all_mails(portal)
    assert [row.once for row in rows] == [f"status:{dispatch}:{version}" for version in (3, 6)]
    assert {row.about for row in rows} == {dispatch}
    assert "@example.com" in smtp_sink.messages[0].rcpt_tos[0]  # the account's, not the customer's


async def test_one_message_that_cannot_be_written_holds_up_no_other(
    portal: Running[Any],
    admin: httpx.AsyncClient,
    smtp_sink: SmtpSink,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = await household(portal)
    broken, fine = await visit(portal, home, number="4711"), await visit(portal, home, number="4712")
    real = notices.visit_link

    def visit_link(work: Any, id: UUID) -> str:
        if id == broken:
            raise ZeroDivisionError
        return real(work, id)

    monkeypatch.setattr(notices, "visit_link", visit_link)
    monkeypatch.setattr(reminders, "visit_link", visit_link)
    for message in ("status:Complete", "appointment_reminder"):
        await turn_on(admin, message)
    await feed(portal, status(broken, "Complete", 2), status(fine, "Complete", 2))
    assert (await got(smtp_sink, 1))["Subject"].startswith("Your request 4712")
    soon = datetime.now(UTC) + timedelta(hours=3)
    for dispatch, minutes in ((broken, 0), (fine, 1)):
        await feed(portal, scheduled(dispatch, uuid4(), 3, soon + timedelta(minutes=minutes)))
    portal.wake("remind")
    await got(smtp_sink, 2)
    assert {row.about for row in await all_mails(portal)} == {fine}


async def test_a_message_that_cannot_be_written_is_given_up_and_the_office_sees_it(
    portal: Running[Any], admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a hundred of them do not keep those behind them from being sent."""
    home = await household(portal)
    monkeypatch.setattr(reminders, "_BATCH", 1)
    broken, fine = await visit(portal, home, number="4711"), await visit(portal, home, number="4712")
    unknown = uuid4()
    real = notices.visit_link

    def visit_link(work: Any, id: UUID) -> str:
        if id == broken:
            raise ZeroDivisionError
        return real(work, id)

    for module in (notices, reminders):
        monkeypatch.setattr(module, "visit_link", visit_link)
    for message in ("status:Complete", "appointment_reminder"):
        await turn_on(admin, message)
    now, ahead = datetime.now(UTC), timedelta()
    monkeypatch.setattr(shared.db, "clock", lambda: now + ahead)
    for number, dispatch in enumerate((unknown, broken, fine)):
        await feed(portal, scheduled(dispatch, uuid4(), 3, now + timedelta(hours=3, minutes=number)))
    await feed(portal, status(broken, "Complete", 2))
    told: list[UUID] = []
    for minutes in [*range(30), 1440, 1441, 1442]:
        ahead = timedelta(minutes=minutes)
        async with portal.work() as work:
            await reminders.remind_customers(work)
            await notices.tell_statuses(work)
        told += [] if minutes != 2 else [row.about for row in await all_mails(portal)]
    assert told == [fine]
    failed = (await admin.get("/v1/outgoing-mails", params={"state": "failed"})).json()["items"]
    assert sorted(each["message"] for each in failed) == ["appointment_reminder", "status:Complete"]
    assert {each["about"] for each in failed} == {str(broken)}
    assert [row.about for row in await all_mails(portal)].count(fine) == 1


async def test_a_status_waits_for_its_customer_to_become_known(
    portal: Running[Any], admin: httpx.AsyncClient, smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal_api.flows.notices._AGAIN", timedelta(0))
    home, dispatch = await household(portal), uuid4()
    await turn_on(admin, "status:Pending")
    await feed(portal, status(dispatch, "Pending", 1))
    content, now = DispatchContent(number="4712"), datetime.now(UTC)
    await feed(portal, DispatchCreated(dispatch_id=dispatch, version=1, content=content, received_at=now))
    await asyncio.sleep(0.2)
    assert await all_mails(portal) == []
    owner = {"customer_id": home.customer_id, "location_id": home.location_id}
    matched = {"version": 1, "match_version": 2, "state": "automatic", "score": 90}
    await feed(portal, CustomerMatched(dispatch_id=dispatch, **matched, **owner))
    assert "4712" in str((await got(smtp_sink, 1))["Subject"])


async def reminded(portal: Running[Any], sink: SmtpSink, count: int) -> tuple[EmailMessage, Any]:
    portal.wake("remind")
    mail = await got(sink, count)
    whole: Any = Calendar.from_ical(part(mail, "text/calendar"))
    (event,) = whole.walk("VEVENT")
    assert f'method="{whole["METHOD"]}"' in str(mail.as_bytes())
    return mail, (str(whole["METHOD"]), str(event["UID"]), int(event["SEQUENCE"]), event["DTSTART"].dt)


async def test_visits_are_reminded_moved_and_taken_back(
    portal: Running[Any], admin: httpx.AsyncClient, smtp_sink: SmtpSink
) -> None:
    home, appointment = await household(portal), uuid4()
    dispatch = await visit(portal, home, number="4713")
    tomorrow = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=30)
    await turn_on(admin, "appointment_cancelled")
    await feed(portal, scheduled(dispatch, appointment, 3, tomorrow))
    await turn_on(admin, "appointment_reminder", hours=24)
    portal.wake("remind")
    await asyncio.sleep(0.2)
    assert await all_mails(portal) == []

    await turn_on(admin, "appointment_reminder", hours=48)
    mail, entry = await reminded(portal, smtp_sink, 1)
    assert entry == ("REQUEST", f"{appointment}@callboard", 3, tomorrow)
    local = f"{tomorrow.astimezone(ZoneInfo('America/Chicago')):%A, %B}"
    assert local in str(mail["Subject"])
    assert "12 N SAMPLE ST" in part(mail, "text/calendar")
    portal.wake("remind")

    await feed(portal, scheduled(dispatch, appointment, 4, tomorrow))  # another technician: nothing new
    later = tomorrow + timedelta(days=9)
    await feed(portal, scheduled(dispatch, appointment, 6, later))
    _, entry = await reminded(portal, smtp_sink, 2)
    assert entry == ("REQUEST", f"{appointment}@callboard", 6, later)

    await feed(portal, scheduled(dispatch, appointment, 5, tomorrow))  # late: it changes nothing
    await feed(portal, scheduled(dispatch, appointment, 7, None))
    mail, entry = await reminded(portal, smtp_sink, 3)
    assert entry == ("CANCEL", f"{appointment}@callboard", 7, later)
    assert str(mail["Subject"]).startswith("Cancelled")
    portal.wake("remind")
    await asyncio.sleep(0.2)
    assert len(await all_mails(portal)) == 3


async def pay(portal: Running[Any], home: Home, invoice: UUID | None, **more: Any) -> PaymentSettled:
    about: dict[str, Any] = {
        "amount": 20500,
        "method": "card",
        "brand": "Visa",
        "last4": "1111",
        "at": datetime.now(UTC),
    }
    owner: dict[str, Any] = {"invoice_id": invoice, "customer_id": home.customer_id}
    said: dict[str, Any] = {"payment_id": uuid4(), **about, **owner, **more}
    return PaymentSettled(**said)


async def test_a_payment_has_one_receipt(portal: Running[Any], smtp_sink: SmtpSink) -> None:
    home = await household(portal)
    invoice = await bill(portal, home)
    payment = await pay(portal, home, invoice)
    await feed(portal, payment)
    await feed(portal, payment)
    mail = await got(smtp_sink, 1)
    assert mail["Subject"] == "Receipt for your payment of 205.00 USD"
    assert "Visa ending in 1111" in part(mail, "text/plain")
    assert "for invoice INV-" in part(mail, "text/plain")
    assert mail["List-Unsubscribe"] is None
    async with portal.work() as work:
        this = customer_record.update().where(customer_record.c.id == home.customer_id)
        await work.session.execute(this.values(kind="partner"))
    await feed(portal, await pay(portal, home, invoice))
    assert len(await all_mails(portal)) == 1


@pytest.mark.parametrize("letters", [1, 2, 3])
async def test_the_link_of_any_address_ends_its_notifications(portal: Running[Any], letters: int) -> None:
    """Also one in a mail from before keys had ids, whose sealed address ended in dots."""
    email = f"{'p' * letters}@example.com"
    url = unsubscribe_url(portal.settings, email)
    token = url.rpartition("/")[2]
    sealed = seal(portal.settings, SecretStr(email), "unsubscribe").rpartition(".")[2]
    async with client(portal) as anybody:
        for each in (token, sealed.translate(str.maketrans("+/=", "-_."))):
            assert (await anybody.get(f"/v1/unsubscribe/{each}")).status_code == 200


async def test_a_receipt_of_test_money_says_so(portal: Running[Any], smtp_sink: SmtpSink) -> None:
    home = await household(portal)
    await feed(portal, await pay(portal, home, await bill(portal, home), test_money=True))
    mail = await got(smtp_sink, 1)
    assert mail["Subject"] == "Receipt for your payment of 205.00 USD (a test: no money moved)"
    assert "no money moved" in part(mail, "text/plain")


async def test_one_click_ends_notifications_and_the_office_takes_them_up_again(
    portal: Running[Any], admin: httpx.AsyncClient, smtp_sink: SmtpSink
) -> None:
    home = await household(portal)
    dispatch = await visit(portal, home)
    await turn_on(admin, "status:Complete")
    await feed(portal, status(dispatch, "Complete", 2))
    mail = await got(smtp_sink, 1)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = r"<https://portal\.contractor\.example(/v1/unsubscribe/[\w.-]+)>"
    url = re.fullmatch(link, mail["List-Unsubscribe"])
    assert url
    listed = "/v1/unsubscribed-addresses"
    async with client(portal) as anybody:
        page = await anybody.get(url[1])
        assert '<form method="post">' in page.text
        assert "form-action 'self'" in page.headers["content-security-policy"]
        assert (await admin.get(listed)).json()["items"] == []
        assert (await anybody.post(url[1][:-3] + "AAA")).status_code == 404
        body = {"List-Unsubscribe": "One-Click"}
        for _ in range(2):
            assert (await anybody.post(url[1], data=body)).status_code == 200
    (line,) = (await admin.get(listed)).json()["items"]
    assert line["email"] == smtp_sink.messages[0].rcpt_tos[0]

    await feed(portal, status(dispatch, "Complete", 3))
    await feed(portal, await pay(portal, home, None))  # contractual: it goes out all the same
    assert "Receipt" in str((await got(smtp_sink, 2))["Subject"])
    async with asyncio.timeout(10):
        query = {"state": "suppressed", "about": str(dispatch)}
        while not (await admin.get("/v1/outgoing-mails", params=query)).json()["items"]:
            await asyncio.sleep(0.02)

    again = await admin.post(f"{listed}/subscribe", json={"email": line["email"]})
    assert again.status_code == 204
    assert (await admin.post(f"{listed}/subscribe", json={"email": line["email"]})).status_code == 404
    await feed(portal, status(dispatch, "Complete", 4))
    assert "Done" in str((await got(smtp_sink, 3))["Subject"])
