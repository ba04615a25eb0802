"""The live stream, through a real web server: who hears what, from where on, and until when."""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from harness import at_work, feed
from listening import bearer, ear, served
from people import CHEAP, PASSWORD, browser, log_on, new_customer, new_location, new_staff
from portal_api.flows import stream as flow
from portal_api.loops import stream as loop
from portal_api.models.accounts import account, session
from portal_api.models.stream import stream_event
from portal_api.service import service
from shared.db import utcnow
from shared.events.customer import CustomerMatched
from shared.events.dispatch import DispatchResolved, PartnerUpdateSettled, StatusChanged
from shared.events.money import Invoice, InvoiceIssued
from shared.service import Running
from sqlalchemy import func, insert, select, update

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
OFFICE = bearer("office.dispatcher")


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "POLL", 0.1)
    monkeypatch.setattr(loop, "CHECK", 0.1)


@pytest.fixture
def small_database(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/portal-api.db"


@asynccontextmanager
async def live(url: str, **settings: Any) -> AsyncGenerator[tuple[Running[Any], str]]:
    async with at_work(service, url, loops=True, **{**CHEAP, **settings}) as run, served(run) as (base, _):
        yield run, base


def changed(id: UUID, version: int = 1) -> StatusChanged:
    return StatusChanged(dispatch_id=id, version=version, old="Pending", new="Done", at=AT, by="office")


async def belongs(run: Running[Any], location: UUID) -> UUID:
    """A dispatch that is known to be that location's."""
    id = uuid4()
    matched = CustomerMatched(
        dispatch_id=id,
        version=1,
        match_version=1,
        customer_id=uuid4(),
        location_id=location,
        state="automatic",
        score=100,
    )
    await feed(run, matched)
    return id


def issued(location: UUID, **more: Any) -> InvoiceIssued:
    invoice = Invoice(
        number="1",
        customer_id=uuid4(),
        location_id=location,
        state="issued",
        issued_on=date(2026, 3, 2),
        due_on=date(2026, 4, 2),
        subtotal=1,
        total=1,
        balance=1,
        **more,
    )
    return InvoiceIssued(invoice_id=uuid4(), version=1, invoice=invoice)


async def test_the_office_hears_what_changes(small_database: str) -> None:
    async with live(small_database) as (run, base), ear(base, OFFICE) as one:
        headers = one.response.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
        id = uuid4()
        began = time.monotonic()
        await feed(run, changed(id))
        await one.wait(1)
        assert time.monotonic() - began < 2
        ((event, number, data),) = one.frames
        assert (event, data) == (
            "message",
            {
                "type": "dispatch.status_changed",
                "id": number,
                "subject": str(id),
                "version": 1,
                "changed": ["status"],
            },
        )


async def test_each_hears_what_is_theirs(any_database: str) -> None:
    async with live(any_database) as (run, base):
        mine, other = await new_location(run), await new_location(run)
        member = await new_customer(run, "member", location_id=mine)
        admin = await new_customer(run, "admin", location_id=mine, administrator=True)
        neighbour = await new_customer(run, "neighbour", location_id=other, administrator=True)
        dispatch, theirs = await belongs(run, mine), await belongs(run, other)
        settled = PartnerUpdateSettled(
            delivery_id=uuid4(),
            dispatch_id=dispatch,
            partner="ahs",
            partner_code="10",
            state="accepted",
            at=AT,
        )
        async with (
            ear(base, OFFICE) as office,
            ear(base, bearer("technician")) as technician,
            ear(base, bearer("customer", subject=str(member))) as plain,
            ear(base, bearer("customer.admin", subject=str(admin))) as administrator,
            ear(base, bearer("customer.admin", subject=str(neighbour))) as elsewhere,
        ):
            billed = issued(mine), issued(mine, bill_to_partner=True)
            mail = DispatchResolved(mail_id=uuid4(), dispatch_id=dispatch, outcome="updated")
            await feed(run, settled, *billed, mail, changed(theirs), changed(dispatch))
            await office.wait(6)
            await technician.wait(2)
            await plain.wait(1)
            await administrator.wait(2)
            await elsewhere.wait(1)
            status = "dispatch.status_changed"
            expected = ["partner.update_settled", *["invoice.issued"] * 2, "mail.outcome", *[status] * 2]
            assert sorted(office.types) == sorted(expected)
            assert technician.types == [status] * 2
            assert [(data["subject"], data["type"]) for _, _, data in plain.frames] == [
                (str(dispatch), status)
            ]
            assert administrator.types == ["invoice.issued", status]
            assert administrator.frames[0][2]["subject"] == str(billed[0].invoice_id)
            assert [data["subject"] for _, _, data in elsewhere.frames] == [str(theirs)]
            assert "changed" not in plain.frames[0][2]


async def test_a_stream_goes_on_where_the_last_one_ended(any_database: str) -> None:
    async with live(any_database) as (run, base):
        ids = [uuid4() for _ in range(250)]
        async with ear(base, OFFICE) as one:
            await feed(run, changed(ids[0]))
            await one.wait(1)
        await feed(run, *[changed(id) for id in ids[1:]])
        async with ear(base, OFFICE, after=one.position) as again:
            await again.wait(249)
            await feed(run, changed(last := uuid4()))
            await again.wait(250)
        assert [data["subject"] for _, _, data in again.frames] == [str(id) for id in [*ids[1:], last]]
        numbers = [number for _, number, _ in again.frames]
        assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("after", [0, 999_999])
async def test_who_may_have_missed_something_is_told_to_load_anew(small_database: str, after: int) -> None:
    async with live(small_database, stream_keep_events=10) as (run, base):
        await feed(run, *[changed(uuid4()) for _ in range(50)])
        async with run.work() as work:
            await flow.forget(work)
            kept = await work.session.scalar(select(func.count()).select_from(stream_event))
        assert kept == 10
        async with ear(base, OFFICE, after=after) as one:
            await one.wait(1)
            assert one.types == ["reset"]
            await feed(run, changed(id := uuid4()))
            await one.wait(2)
            assert one.frames[1][2]["subject"] == str(id)


async def test_numbers_are_never_given_twice_though_all_is_forgotten(small_database: str) -> None:
    async with live(small_database, stream_keep_seconds=0.001) as (run, base):
        await feed(run, changed(uuid4()))
        async with ear(base, OFFICE, after=0) as one:
            await one.wait(1)
        async with run.work() as work:
            await work.session.execute(update(stream_event).values(at=AT))
            await flow.forget(work)
        await feed(run, changed(id := uuid4()))
        async with run.work() as work:
            await flow.forget(work)
        async with ear(base, OFFICE, after=one.position) as again:
            await again.wait(1)
            assert again.frames[0][2]["subject"] == str(id)


async def test_what_commits_late_is_not_passed_over(database_url: str) -> None:
    """Of two open transactions the second one's number must not be seen before the first one's."""
    first, second = uuid4(), uuid4()
    async with live(database_url) as (run, base), ear(base, OFFICE) as one:

        async def overtake() -> None:
            async with run.work() as work:
                await flow.note(work, [changed(second)])

        async with run.work() as work:
            await flow.note(work, [changed(first)])
            hurry = asyncio.create_task(overtake())
            done, _ = await asyncio.wait({hurry}, timeout=0.5)
            assert not done
        await hurry
        await one.wait(2)
        assert [data["subject"] for _, _, data in one.frames] == [str(first), str(second)]


async def test_an_event_heard_by_one_replica_is_told_by_the_other(any_database: str) -> None:
    async with (
        live(any_database) as (_, base),
        at_work(service, any_database, **CHEAP) as other,
        ear(base, OFFICE) as one,
    ):
        await feed(other, changed(uuid4()))
        await one.wait(1)


async def with_cookie(run: Running[Any], user_name: str) -> tuple[httpx.AsyncClient, dict[str, str]]:
    person = browser(run)
    answer = await log_on(person, user_name, PASSWORD)
    assert answer.status_code < 300, answer.text
    return person, {"Cookie": answer.headers["set-cookie"].split(";")[0]}


async def test_a_session_listens_without_being_active_and_hears_no_more_after_it(small_database: str) -> None:
    async with live(small_database) as (run, base):
        await new_customer(run, "pat")
        person, cookie = await with_cookie(run, "pat@household.example")
        async with run.database.read() as read:
            before = (await read.execute(select(session.c.active_at))).scalar_one()
        async with ear(base, cookie) as one:
            await asyncio.sleep(0.3)
            async with run.database.read() as read:
                assert (await read.execute(select(session.c.active_at))).scalar_one() == before
            assert (await person.delete("/v1/session")).status_code < 300
            await one.wait(end=True, seconds=5)
            assert one.types == ["end"]
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"{base}/v1/stream", headers=cookie)).status_code == 401


@pytest.mark.parametrize("how", ["closed", "idle"])
async def test_who_may_no_longer_come_in_hears_no_more(small_database: str, how: str) -> None:
    async with live(small_database) as (run, base):
        await new_staff(run, "anna", "office.dispatcher")
        _, cookie = await with_cookie(run, "anna@contractor.example")
        async with ear(base, cookie) as one:
            async with run.work() as work:
                if how == "closed":
                    await work.session.execute(update(account).values(state="closed"))
                else:
                    await work.session.execute(update(session).values(active_at=AT))
            await one.wait(end=True, seconds=5)
            assert one.types == ["end"]


async def test_a_stream_ends_with_its_access_token(small_database: str) -> None:
    async with live(small_database) as (_, base), ear(base, bearer("office.admin", seconds=1)) as one:
        await one.wait(end=True, seconds=10)
        assert one.types == ["end"]


async def test_who_may_not_listen(small_database: str) -> None:
    async with live(small_database) as (_, base), httpx.AsyncClient(base_url=base) as http:
        assert (await http.get("/v1/stream")).status_code == 401
        assert (await http.get("/v1/stream", headers={"Cookie": "__Host-callboard=no"})).status_code == 401
        unknown = bearer("customer", subject=str(uuid4()))
        assert (await http.get("/v1/stream", headers=unknown)).status_code == 401
        client = bearer("office.admin", scopes=["dispatches:read"])
        assert (await http.get("/v1/stream", headers=client)).status_code == 403
        async with ear(base, bearer("office.admin", scopes=["stream:read"])):
            pass


async def test_an_account_has_so_many_streams_and_gets_them_back(small_database: str) -> None:
    async with live(small_database, stream_account_connections=2) as (run, base):
        async with ear(base, OFFICE), ear(base, OFFICE):
            async with httpx.AsyncClient() as http:
                refused = await http.get(f"{base}/v1/stream", headers=OFFICE)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
            async with ear(base, bearer("office.admin", subject="another")):
                pass
        async with asyncio.timeout(5):
            while run.tools.hub.listeners:
                await asyncio.sleep(0.01)
        async with ear(base, OFFICE):
            pass


async def test_silence_has_a_heartbeat_that_moves_the_listener_on(small_database: str) -> None:
    async with live(small_database, stream_heartbeat_seconds=0.1) as (run, base):
        member = await new_customer(run)
        async with ear(base, bearer("customer", subject=str(member))) as one:
            await feed(run, changed(uuid4()))
            async with run.database.read() as read:
                newest = (await read.execute(select(func.max(stream_event.c.id)))).scalar_one()
            await one.wait(position=newest)
            assert one.comments >= 1
            assert one.frames == []


async def test_a_listener_who_takes_nothing_is_dropped(small_database: str) -> None:
    async with live(small_database, stream_slow_seconds=0.3) as (run, base):
        row = {"at": utcnow(), "type": "dispatch.updated", "subject": uuid4(), "version": 1}
        async with run.work() as work:
            rows = [{**row, "changed": ["x" * 9_000]} for _ in range(1_000)]
            await work.session.execute(insert(stream_event), rows)
        token = OFFICE["Authorization"]
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", int(base.rpartition(":")[2])))
            lines = ["GET /v1/stream HTTP/1.1", "Host: x", f"Authorization: {token}", "Last-Event-ID: 0"]
            deaf.sendall("\r\n".join([*lines, "", ""]).encode())
            async with asyncio.timeout(10):
                while not run.tools.hub.listeners:
                    await asyncio.sleep(0.01)
                while run.tools.hub.listeners:
                    await asyncio.sleep(0.05)


async def test_a_server_that_is_told_to_end_lets_go_of_its_streams(small_database: str) -> None:
    async with (
        at_work(service, small_database, loops=True, **CHEAP) as run,
        served(run) as (base, server),
        ear(base, OFFICE) as one,
        ear(base, OFFICE) as two,
    ):
        began = time.monotonic()
        server.should_exit = True
        await one.wait(end=True)
        await two.wait(end=True)
        assert time.monotonic() - began < 2
