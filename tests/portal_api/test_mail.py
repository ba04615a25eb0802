"""Outgoing mail: queued with what it is about, sent afterwards, erased when it has gone."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from harness import at_work
from letterbox import part, read
from localservers import Exim, SmtpSink
from localservers.exim import PASSWORD, USER
from portal_api.flows.messages import send_message
from portal_api.models.messages import outgoing
from portal_api.service import service
from shared.service import Running
from sqlalchemy import select

INVITATION = {
    "name": "Pat Sample",
    "user_name": "pat@household.example",
    "password": "one-time-7Q",
    "days": "7",
    "link": "https://portal.contractor.example/logon",
}


@pytest.fixture
async def sending(any_database: str, smtp_sink: SmtpSink) -> AsyncGenerator[Running[Any]]:
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": smtp_sink.port, "smtp_security": "none"}
    async with at_work(service, any_database, loops=True, lease_seconds=2, **smtp) as running:
        yield running


async def queue(running: Running[Any], to: str = "pat@household.example", **more: Any) -> None:
    async with running.work() as work:
        await send_message(work, message="invitation", to=to, values=INVITATION, **more)


async def mails(running: Running[Any]) -> list[Any]:
    async with running.database.read() as read:
        return list(await read.execute(select(outgoing).order_by(outgoing.c.id)))


async def settled(running: Running[Any], count: int = 1) -> list[Any]:
    async with asyncio.timeout(20):
        while True:
            found = [row for row in await mails(running) if row.state != "waiting"]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.02)


async def test_a_mail_goes_out_in_two_forms_and_nothing_of_it_stays(
    sending: Running[Any], smtp_sink: SmtpSink
) -> None:
    await queue(sending)
    (received,) = await asyncio.to_thread(smtp_sink.wait_for, 1)
    mail = read(received.content)
    assert received.rcpt_tos == ("pat@household.example",)
    assert mail["To"] == "pat@household.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    for kind in ("text/plain", "text/html"):
        assert "one-time-7Q" in part(mail, kind)
        assert "https://portal.contractor.example/logon" in part(mail, kind)
    (row,) = await settled(sending)
    assert (row.state, row.sealed, row.answer) == ("sent", None, None)
    assert mail["Message-ID"] == f"<{row.id}@localhost>"


async def test_what_waits_is_sealed(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/portal.db"
    async with at_work(service, url) as running:
        await queue(running)
        (row,) = await mails(running)
    assert row.state == "waiting"
    for file in tmp_path.iterdir():
        assert b"one-time-7Q" not in file.read_bytes()


async def test_a_mail_is_queued_once(run: Running[Any]) -> None:
    for _ in range(2):
        await queue(run, once="invitation:1")
    await queue(run)
    assert len(await mails(run)) == 2


async def test_an_address_begins_no_other_header(run: Running[Any]) -> None:
    for to in ("a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "nobody", "Pat <a@b.example>"):
        await queue(run, to=to)
    rows = await mails(run)
    assert {(row.state, row.sealed) for row in rows} == {("failed", None)}
    assert rows[0].recipient == "a@b.example Bcc: c@d.example"


async def test_values_are_those_of_the_message(run: Running[Any]) -> None:
    async with run.work() as work:
        with pytest.raises(ValueError, match="password"):
            await send_message(work, message="invitation", to="a@b.example", values={"name": "Pat"})


async def test_a_server_that_asks_to_wait_is_asked_again(sending: Running[Any], smtp_sink: SmtpSink) -> None:
    smtp_sink.answer("RCPT", "451 4.3.0 try later")
    await queue(sending)
    await asyncio.to_thread(smtp_sink.wait_for, 1)
    (row,) = await settled(sending)
    assert (row.state, row.attempts) == ("sent", 2)


async def test_refusals_of_a_real_server_are_kept(any_database: str, exim: Exim) -> None:
    smtp = {"smtp_host": "localhost", "smtp_port": exim.port, "smtp_ca_file": str(exim.certificate)}
    login = {"smtp_user": USER, "smtp_password": PASSWORD}
    async with at_work(service, any_database, loops=True, **smtp, **login) as running:
        await queue(running, to="nosuch@household.example")
        await queue(running, to="later@household.example")
        (row,) = await settled(running)
        assert (row.state, row.recipient, row.sealed) == ("failed", "nosuch@household.example", None)
        assert row.answer == "550 no such user"
        (waiting,) = [each for each in await mails(running) if each.state == "waiting"]
        async with asyncio.timeout(10):
            while (waiting := (await mails(running))[1]).answer is None:
                await asyncio.sleep(0.05)
        assert (waiting.state, waiting.answer) == ("waiting", "451 try later")
        assert waiting.sealed is not None
