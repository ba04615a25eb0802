"""Status updates reach a partner over a real socket: in order, again when they must, and told in a ledger."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from dispatch.flows.deliveries import Sent, lease, settle
from dispatch.flows.repeats import repeat_open
from dispatch.models import delivery, dispatch
from dispatch.partners import Verdict
from dispatch.service import service
from dispatches import content, known, received
from harness import at_work, client, feed, of, said
from partner import ACCEPTED, REFUSED, Partner, partner
from secrecy import SECRETS
from shared.db import utcnow
from shared.events.customer import CustomerMatched
from shared.events.dispatch import PartnerUpdateSettled
from shared.service import Running
from sqlalchemy import select, update

QUICK = {
    "partner_seconds": 0.5,
    "delivery_first_pause": 0.05,
    "delivery_longest_pause": 0.2,
    "delivery_attempts": 4,
}
PASSWORD = SECRETS["partner"]


@asynccontextmanager
async def delivering(
    url: str, *, loops: bool = True, **settings: Any
) -> AsyncGenerator[tuple[Running[Any], Partner, httpx.AsyncClient]]:
    async with (
        partner() as told,
        at_work(service, url, loops=loops, **(QUICK | settings)) as run,
        client(run, "office.admin") as office,
    ):
        yield run, told, office


async def open_account(office: httpx.AsyncClient, told: Partner, **more: Any) -> None:
    body = {"url": told.url, "company_id": "C-1", "user_id": "office", "password": PASSWORD, **more}
    answer = await office.put("/v1/partner-accounts/ahs", json=body, headers={"If-Match": '"0"'})
    assert answer.status_code == 200, answer.text


async def ledger(run: Running[Any]) -> list[Any]:
    async with run.database.read() as read:
        return list((await read.execute(select(delivery).order_by(delivery.c.id))).all())


async def settled(run: Running[Any], count: int) -> list[Any]:
    async with asyncio.timeout(10):
        while len([row for row in await ledger(run) if row.settled_at]) < count:
            await asyncio.sleep(0.02)
    return await ledger(run)


async def set_status(office: httpx.AsyncClient, status: str, number: str = "40000001", **more: Any) -> None:
    body = {"status": status, **more}
    answer = await office.put(f"/v1/dispatches/{known(number)}/status", json=body)
    assert answer.status_code == 200, answer.text


async def test_a_new_dispatch_is_told_as_loaded(url: str) -> None:
    async with delivering(url) as (run, told, office):
        await open_account(office, told)
        await feed(run, received())
        (row,) = await settled(run, 1)
        assert (row.state, row.attempts) == ("accepted", 1)
        (update_,) = told.told
        assert (update_["statusCode"], update_["dispatchId"], update_["updateId"]) == (
            "50",
            "40000001",
            str(row.id),
        )
        assert (update_["password"], update_["statusDateTime"]) == (PASSWORD, None)


async def test_what_waits_for_an_account_goes_out_when_it_is_there(url: str) -> None:
    async with delivering(url) as (run, told, office):
        await feed(run, received())
        await asyncio.sleep(0.1)
        assert [row.state for row in await ledger(run)] == ["queued"]
        await open_account(office, told)
        await settled(run, 1)
        assert told.codes("40000001") == ["50"]


async def test_updates_of_one_dispatch_go_in_order_whatever_the_partner_does(url: str) -> None:
    async with delivering(url, delivery_attempts=50) as (run, told, office):
        told.answers = [
            (500, b""),
            "cut",
            (200, b"<html>login"),
            (503, b"busy"),
            (200, ACCEPTED),
            "cut",
            (429, b""),
        ]
        await open_account(office, told)
        await feed(run, received())
        for status in ("Call Again", "Working", "Complete"):
            await set_status(office, status)
        rows = await settled(run, 4)
        assert [row.state for row in rows] == ["accepted"] * 4
        assert told.codes("40000001") == ["50"] * 5 + ["60"] * 3 + ["20", "10"]
        ids = [update_["updateId"] for update_ in told.told]
        assert len(set(ids)) == 4  # a repeat carries the same id


async def test_dispatches_do_not_wait_for_each_other(url: str) -> None:
    async with delivering(url, partner_connections=4) as (run, told, office):
        told.pause = 0.1
        await open_account(office, told)
        await feed(run, *(received(content(str(number))) for number in range(50000000, 50000012)))
        await settled(run, 12)
        assert told.most_at_once == 4


async def test_a_stalling_partner_is_given_up_and_a_person_told(url: str) -> None:
    async with delivering(url, partner_seconds=0.1) as (run, told, office):
        told.answers = [5.0, (502, b"bad gateway"), "cut", (200, b"?")]
        await open_account(office, told)
        await feed(run, received())
        (row,) = await settled(run, 1)
        assert (row.state, row.attempts, row.answer) == ("given_up", 4, "200 ?")
        attempts = (await office.get(f"/v1/deliveries/{row.id}/attempts")).json()
        assert [attempt["state"] for attempt in attempts] == ["unknown"] * 4
        assert attempts[0]["answer"].startswith("no answer: TimeoutError")
        (alert,) = (await office.get("/v1/alerts")).json()["items"]
        assert (alert["kind"], alert["delivery_id"]) == ("given_up", str(row.id))
        assert (await office.get("/v1/dispatches", params={"flag": "needs_attention"})).json()["items"]

        again = await office.post(f"/v1/deliveries/{row.id}/resend")
        assert again.status_code == 202
        (row,) = await settled(run, 1)
        assert row.state == "accepted"
        assert len({update_["updateId"] for update_ in told.told}) == 1


async def test_a_200_that_says_no_is_refused_and_the_next_goes_on(url: str) -> None:
    async with delivering(url) as (run, told, office):
        told.answers = [(200, REFUSED)]
        await open_account(office, told)
        await feed(run, received())
        await settled(run, 1)
        await set_status(office, "Working")
        refused, accepted = await settled(run, 2)
        assert (refused.state, accepted.state) == ("refused", "accepted")
        assert refused.answer == '200 {"result": "error", "message": "dispatch is closed"}'
        stale = await office.post(f"/v1/deliveries/{refused.id}/resend")
        assert (stale.status_code, stale.json()["title"]) == (409, "A newer update was queued after this one")


async def test_what_the_partner_says_is_kept_without_our_password(url: str) -> None:
    async with delivering(url) as (run, told, office):
        told.answers = [(403, f"no user with {PASSWORD} / p%26ss%20w%C3%B6rd".encode())]
        await open_account(office, told)
        await feed(run, received())
        (row,) = await settled(run, 1)
        assert (row.state, row.answer) == ("refused", "403 no user with *** / ***")
        shown = await office.get("/v1/partner-accounts/ahs")
        assert PASSWORD not in shown.text
        assert "password" not in shown.json()
        async with run.database.read() as read:
            kept = await read.exec_driver_sql("SELECT password FROM partner_account")
            assert PASSWORD not in kept.scalar_one()


async def test_codes_with_a_time_carry_it_on_the_locations_clock(url: str) -> None:
    async with delivering(url) as (run, told, office):
        await open_account(office, told)
        await feed(run, received())
        await set_status(office, "Complete", at="2026-01-09T20:15:00Z")
        await settled(run, 2)
        assert told.told[-1]["statusDateTime"] == "2026-01-09T14:15:00"


async def test_no_redirect_is_followed_and_no_metadata_address_is_asked(url: str) -> None:
    async with delivering(url) as (run, told, office):
        told.answers = [(302, b"moved")]
        await open_account(office, told)
        await feed(run, received())
        (row,) = await settled(run, 1)
        assert (row.state, row.answer) == ("refused", "302 moved")
        body = {"url": "http://169.254.169.254/latest", "company_id": "C", "user_id": "o", "password": "x"}
        moved = await office.put("/v1/partner-accounts/ahs", json=body, headers={"If-Match": '"1"'})
        assert moved.status_code == 200
        await set_status(office, "Working")
        _, row = await settled(run, 2)
        assert row.state == "given_up"
        assert "link-local" in row.answer


async def test_an_account_that_is_switched_off_sends_nothing(url: str) -> None:
    async with delivering(url) as (run, told, office):
        await open_account(office, told, enabled=False)
        await feed(run, received())
        await asyncio.sleep(0.2)
        assert told.told == []
        assert [row.state for row in await ledger(run)] == ["queued"]


async def test_a_lease_that_ended_is_taken_over_and_its_late_verdict_settles_nothing(url: str) -> None:
    async with delivering(url, loops=False) as (run, told, office):
        await open_account(office, told)
        await feed(run, received())
        async with run.work() as work:
            (first,) = await lease(work, 5)
        async with run.work() as work:
            assert await lease(work, 5) == []
            past = update(delivery).values(due_at=utcnow() - timedelta(seconds=1))
            await work.session.execute(past)
        async with run.work() as work:
            (second,) = await lease(work, 5)
        assert first.row["id"] == second.row["id"]
        async with run.work() as work:
            late = Sent(first.row["id"], first.row["attempts"], 1.0, Verdict("refused", "late"))
            await settle(work, [late])
        (row,) = await ledger(run)
        assert (row.state, row.attempts) == ("sending", 2)
        await said(run)
        async with run.work() as work:
            await settle(work, [Sent(row.id, row.attempts, 1.0, Verdict("accepted", "200"))])
        (event,) = of(await said(run), PartnerUpdateSettled)
        assert (event.state, event.partner_code, event.delivery_id) == ("accepted", "50", row.id)


async def test_open_dispatches_are_told_again_after_a_day(url: str) -> None:
    async with delivering(url) as (run, told, office):
        await open_account(office, told)
        await feed(run, received(), received(content("40000002")), received(content("40000003")))
        await settled(run, 3)
        window = {"start": "2026-03-03T08:00", "end": "2026-03-03T12:00"}
        made = await office.post(f"/v1/dispatches/{known()}/appointments", json=window)
        assert made.status_code == 201
        await set_status(office, "Cancelled", "40000002")
        await settled(run, 5)
        told.told.clear()
        async with run.work() as work:
            assert await repeat_open(work) == 0
            day = utcnow() - timedelta(hours=25)
            await work.session.execute(update(dispatch).values(told_at=day))
        async with run.work() as work:
            assert await repeat_open(work) == 2
        rows = await settled(run, 7)
        assert {row.cause for row in rows[5:]} == {"repeat"}
        assert told.codes("40000001") == ["30"]
        assert told.codes("40000002") == []  # closed
        assert told.codes("40000003") == ["50"]
        assert [u["statusDateTime"] for u in told.told if u["statusCode"] == "30"] == ["2026-03-03T08:00:00"]


@pytest.mark.parametrize("broken", ["{{ update.nothing }}", "{{ update.code | date('%Y') }}"])
async def test_a_template_that_does_not_fit_waits_for_a_person_to_mend_it(url: str, broken: str) -> None:
    async with delivering(url, delivery_attempts=50) as (run, told, office):
        protocol: dict[str, Any] = {"body": broken, "success": {"accepted": "ok"}}
        await open_account(office, told, protocol=protocol)
        await feed(run, received())
        async with asyncio.timeout(5):
            while not (await ledger(run))[0].answer:
                await asyncio.sleep(0.02)
        assert "template does not fit" in (await ledger(run))[0].answer
        body = {"url": told.url, "company_id": "C", "user_id": "o", "protocol": None, "password": "x"}
        mended = await office.put("/v1/partner-accounts/ahs", json=body, headers={"If-Match": '"1"'})
        assert mended.status_code == 200
        (row,) = await settled(run, 1)
        assert row.state == "accepted"


COMPLETED = "2026-03-03T20:15:00+00:00"


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("Pacific/Honolulu", "2026-03-03T10:15:00"),
        ("America/New_York", "2026-03-03T15:15:00"),
        (None, "2026-03-03T14:15:00"),  # not known yet: the company's
    ],
)
async def test_the_time_of_a_change_is_told_on_the_houses_clock(
    url: str, zone: str | None, local: str
) -> None:
    async with delivering(url, default_zone="America/Chicago") as (run, told, office):
        await open_account(office, told)
        await feed(run, received())
        matched = CustomerMatched(
            dispatch_id=known(), version=1, match_version=1, state="new", score=0, zone=zone
        )
        await feed(run, matched)
        await set_status(office, "Complete", at=COMPLETED)
        await settled(run, 2)
        assert [each["statusDateTime"] for each in told.told] == [None, local]


async def test_the_time_of_an_appointment_too(url: str) -> None:
    async with delivering(url, default_zone="America/Chicago") as (run, told, office):
        await open_account(office, told)
        await feed(run, received())
        about = {"dispatch_id": known(), "version": 1, "match_version": 1, "zone": "America/Denver"}
        await feed(run, CustomerMatched(**about, state="new", score=0))
        window = {"start": "2027-03-03T08:00:00", "end": "2027-03-03T12:00:00"}
        await office.post(f"/v1/dispatches/{known()}/appointments", json=window)
        await settled(run, 2)
        assert told.told[-1]["statusDateTime"] == "2027-03-03T08:00:00"
