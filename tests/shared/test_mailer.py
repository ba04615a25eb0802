"""Outgoing mail against a sink that fails on demand and a real mail server with STARTTLS and login."""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from localservers import Exim, SmtpSink
from localservers.exim import PASSWORD, USER
from shared.mailer import MailRefused, open_mailer
from shared.settings import Settings

SENDER, TO = "office@contractor.example", "done@contractor.example"


@pytest.fixture(autouse=True)
async def connections_end() -> AsyncGenerator[None]:
    """Whatever went wrong, no connection stays open behind a mailer that was closed."""
    before = len(os.listdir("/proc/self/fd"))
    yield
    async with asyncio.timeout(10):
        while len(os.listdir("/proc/self/fd")) > before:
            await asyncio.sleep(0.02)


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def smtp_sink(request: pytest.FixtureRequest) -> Iterator[SmtpSink]:
    with SmtpSink(pipelining=request.param) as server:
        yield server


def message(number: int = 1) -> bytes:
    return f"Subject: {number}\r\nMessage-ID: <{number}@test>\r\n\r\n.a dot\r\n..two\r\nend\r\n".encode()


def settings(port: int, **more: Any) -> Settings:
    return Settings(smtp_host="127.0.0.1", smtp_port=port, **{"smtp_security": "none", **more})


@asynccontextmanager
async def counted(port: int) -> AsyncGenerator[tuple[int, list[int]]]:
    """A way to the server behind `port` that notes how many connections are open after each new one."""
    open_now, most = set[asyncio.StreamWriter](), list[int]()

    async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        open_now.add(writer)
        most.append(len(open_now))
        await asyncio.gather(copy(reader, back), copy(there, writer), return_exceptions=True)
        open_now.discard(writer)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], most
        server.close()


async def test_one_connection_carries_many_mails_byte_for_byte(smtp_sink: SmtpSink) -> None:
    async with counted(smtp_sink.port) as (port, opened), open_mailer(settings(port)) as mailer:
        for number in range(20):
            await mailer.send(message(number), SENDER, TO)
    assert opened == [1]
    assert [received.content for received in smtp_sink.messages] == [message(number) for number in range(20)]
    assert {(received.mail_from, received.rcpt_tos) for received in smtp_sink.messages} == {(SENDER, (TO,))}


async def test_a_line_that_does_not_end_in_crlf_is_refused_before_anything_is_sent(
    smtp_sink: SmtpSink,
) -> None:
    """A server that takes a bare line feed for a line end would read the rest as other mails."""
    async with open_mailer(settings(smtp_sink.port)) as mailer:
        for ending in (b"\n.\nMAIL FROM:<>\r\n", b"\r.\rMAIL FROM:<>\r\n", b"\n", b""):
            with pytest.raises(ValueError, match="CRLF"):
                await mailer.send(message() + b"x" + ending, SENDER, TO)
        await mailer.send(message(), SENDER, TO)
    assert [received.content for received in smtp_sink.messages] == [message()]


@pytest.mark.parametrize(
    "address", ["a@x.example> SIZE=1", "a@x.example\r\nRCPT TO:<b@x.example", "a@é.example"]
)
async def test_an_address_cannot_say_more_than_an_address(smtp_sink: SmtpSink, address: str) -> None:
    async with open_mailer(settings(smtp_sink.port)) as mailer:
        for sender, to in ((address, TO), (SENDER, address)):
            with suppress(ValueError):
                await mailer.send(message(), sender, to)
        await mailer.send(message(), SENDER, TO)
    assert smtp_sink.messages[-1].mail_from == SENDER
    assert {got.mail_from for got in smtp_sink.messages} <= {SENDER, "a@x.example"}
    assert {got.rcpt_tos for got in smtp_sink.messages} <= {(TO,), ("a@x.example",)}


async def test_mails_at_once_share_a_few_connections(smtp_sink: SmtpSink) -> None:
    async with (
        counted(smtp_sink.port) as (port, opened),
        open_mailer(settings(port, smtp_connections=3)) as mailer,
    ):
        await asyncio.gather(*(mailer.send(message(number), SENDER, TO) for number in range(40)))
    assert sorted(received.content for received in smtp_sink.messages) == sorted(map(message, range(40)))
    assert len(opened) == max(opened) == 3


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(("reply", "permanent"), [("451 4.3.0 try later", False), ("550 5.7.1 never", True)])
async def test_a_refusal_says_whether_to_try_again(
    smtp_sink: SmtpSink, stage: Any, reply: str, permanent: bool
) -> None:
    smtp_sink.answer(stage, reply)
    async with open_mailer(settings(smtp_sink.port)) as mailer:
        with pytest.raises(MailRefused, match=reply.split(" ", 1)[1]) as refused:
            await mailer.send(message(), SENDER, TO)
        assert refused.value.permanent is permanent
        assert smtp_sink.messages == []

        await mailer.send(message(2), SENDER, TO)
    assert [received.content for received in smtp_sink.messages] == [message(2)]


async def test_a_lost_answer_is_an_error_although_the_server_has_the_mail(smtp_sink: SmtpSink) -> None:
    smtp_sink.answer("DATA", "", keep=True)
    async with open_mailer(settings(smtp_sink.port)) as mailer:
        with pytest.raises((MailRefused, OSError, TimeoutError)) as failed:
            await mailer.send(message(), SENDER, TO)
        assert not getattr(failed.value, "permanent", False), "it must be sent again"

        await mailer.send(message(), SENDER, TO)
    assert [received.content for received in smtp_sink.messages] == [message(), message()]


async def test_a_server_that_was_restarted_gets_the_next_mails(smtp_sink: SmtpSink) -> None:
    async with open_mailer(settings(smtp_sink.port, smtp_connections=1)) as mailer:
        await mailer.send(message(1), SENDER, TO)
        smtp_sink.restart()
        await _until_sent(mailer, message(2))
    assert [received.content for received in smtp_sink.messages] == [message(1), message(2)]


async def test_a_server_that_is_away_is_an_error_that_passes(smtp_sink: SmtpSink) -> None:
    smtp_sink.stop()
    async with open_mailer(settings(smtp_sink.port)) as mailer:
        with pytest.raises((MailRefused, OSError, TimeoutError)) as failed:
            await mailer.send(message(), SENDER, TO)
        assert not getattr(failed.value, "permanent", False)
        smtp_sink.start()
        await _until_sent(mailer, message())
    assert len(smtp_sink.messages) == 1


async def test_a_real_server_takes_it_over_starttls_with_a_login(exim: Exim) -> None:
    before = len(exim.delivered())
    secure = {"smtp_security": "starttls", "smtp_ca_file": str(exim.certificate)}
    login = {"smtp_user": USER, "smtp_password": PASSWORD}
    async with open_mailer(settings(exim.port, **secure, **login)) as mailer:
        await mailer.send(message(), SENDER, "somebody@localhost")
        for name, permanent in (("nosuch", True), ("later", False)):
            with pytest.raises(MailRefused) as refused:
                await mailer.send(message(), SENDER, f"{name}@localhost")
            assert refused.value.permanent is permanent
        await mailer.send(message(2), SENDER, "somebody@localhost")
    async with asyncio.timeout(20):
        while len(exim.delivered()) < before + 2:
            await asyncio.sleep(0.05)
    bodies = [mail.partition(b"\n\n")[2] for mail in exim.delivered()[before:]]
    assert bodies == [message().partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n")] * 2


async def test_a_wrong_password_is_named_and_not_shown(exim: Exim) -> None:
    secure = {"smtp_security": "starttls", "smtp_ca_file": str(exim.certificate)}
    login = {"smtp_user": USER, "smtp_password": "sesame-open"}
    async with open_mailer(settings(exim.port, **secure, **login)) as mailer:
        with pytest.raises(MailRefused, match="check the SMTP user and password") as refused:
            await mailer.send(message(), SENDER, "somebody@localhost")
    assert not refused.value.permanent
    assert "sesame" not in str(refused.value)


async def test_nothing_goes_in_the_clear_where_encryption_is_set(smtp_sink: SmtpSink) -> None:
    login = {"smtp_security": "starttls", "smtp_user": USER, "smtp_password": PASSWORD}
    async with open_mailer(settings(smtp_sink.port, **login)) as mailer:
        with pytest.raises((MailRefused, OSError)):
            await mailer.send(message(), SENDER, TO)
    assert smtp_sink.messages == []


async def test_without_a_server_mail_goes_into_a_folder(tmp_path: Path) -> None:
    async with open_mailer(Settings(mail_dir=str(tmp_path / "out"))) as mailer:
        for number in (1, 2):
            await mailer.send(message(number), SENDER, TO)
    written = [path.read_bytes() for path in sorted((tmp_path / "out" / "new").iterdir())]
    head = f"Return-Path: <{SENDER}>\r\nDelivered-To: {TO}\r\n".encode()
    assert written == [head + message(1), head + message(2)]
    assert list((tmp_path / "out" / "tmp").iterdir()) == []


async def _until_sent(mailer: Any, content: bytes) -> None:
    """Sends as a caller does: again after each passing failure."""
    async with asyncio.timeout(20):
        while not await _sent(mailer, content):
            await asyncio.sleep(0.05)


async def _sent(mailer: Any, content: bytes) -> bool:
    try:
        await mailer.send(content, SENDER, TO)
    except (MailRefused, OSError, TimeoutError) as error:
        if getattr(error, "permanent", False):
            raise
        return False
    return True
