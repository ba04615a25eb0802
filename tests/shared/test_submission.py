"""What a mail server may answer, and when: no answer is ever taken for that to another question."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from shared.mailer import MailRefused, open_mailer
from shared.settings import Settings

SENDER, TO = "office@contractor.example", "done@contractor.example"
MESSAGE = b"Subject: 1\r\n\r\n.a dot\r\n"
TOGETHER = b"250-here\r\n250-PIPELINING\r\n250 SIZE 1000\r\n"

Answer = bytes | None
"""None ends the connection."""


@dataclass
class Script:
    """A server that answers each command as `say` tells, and notes the commands and how they came."""

    say: Callable[["Script", bytes], Answer]
    ehlo: bytes = TOGETHER
    commands: list[bytes] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    connections: int = 0
    together: int = 0
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._talk(reader, writer)
        writer.close()
        self.open.discard(writer)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            verb = line.split()[0]
            self.together = max(self.together, bytes(reader._buffer).count(b"\n") + 1)  # type: ignore[attr-defined]
            self.commands.append(line.strip())
            answer = self.ehlo if verb == b"EHLO" else self.say(self, verb)
            if answer is not None and answer.startswith(b"354"):
                writer.write(answer)
                self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
                answer = self.say(self, b".")
            if answer is None:
                break
            writer.write(answer[:2])  # a reply need not come in one piece
            await asyncio.sleep(0.001)
            writer.write(answer[2:])


@asynccontextmanager
async def scripted(
    say: Callable[[Script, bytes], Answer], ehlo: bytes = TOGETHER
) -> AsyncGenerator[tuple[Script, Settings]]:
    script = Script(say, ehlo)
    async with await asyncio.start_server(script.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        where = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none"}
        yield script, Settings(**where, smtp_connections=1)
    async with asyncio.timeout(10):
        while script.open:
            await asyncio.sleep(0.005)


def good(_: Script, verb: bytes) -> Answer:
    return {b"DATA": b"354 go on\r\n", b"MAIL": b"250-fine\r\n250 so far\r\n"}.get(verb, b"250 fine\r\n")


async def test_commands_go_together_where_the_server_says_so_and_else_one_by_one() -> None:
    for ehlo, together in ((TOGETHER, 3), (b"250 here\r\n", 1), (b"502 what?\r\n", 1)):
        async with scripted(good, ehlo) as (script, settings), open_mailer(settings) as mailer:
            await mailer.send(MESSAGE, SENDER, TO)
            await mailer.send(MESSAGE, SENDER, TO)
            assert script.together == together
            assert script.connections == 1
            assert script.mails == [MESSAGE.replace(b"\r\n.", b"\r\n..") + b".\r\n"] * 2
            size = f" SIZE={len(MESSAGE)}".encode() if ehlo == TOGETHER else b""
            assert b"MAIL FROM:<%s>%s" % (SENDER.encode(), size) in script.commands


@pytest.mark.parametrize("later", [b"421 4.3.2 closing\r\n", b"421-4.3.2 closing\r\n", b"42"])
async def test_a_server_that_says_goodbye_between_two_mails_is_asked_anew(later: bytes) -> None:
    """The goodbye is the answer to nothing: taken for that to MAIL, a good mail would be refused."""

    def goodbye(script: Script, verb: bytes) -> Answer:
        last = script.connections == 1 and verb == b"."
        return b"250 kept\r\n" + later if last else good(script, verb)

    async with scripted(goodbye) as (script, settings), open_mailer(settings) as mailer:
        for _ in range(2):
            await mailer.send(MESSAGE, SENDER, TO)
            await asyncio.sleep(0.05)
        assert script.connections == 2
        assert len(script.mails) == 2


async def test_an_answer_too_many_is_not_taken_for_the_next_one() -> None:
    """Four answers to MAIL: as those to RCPT and DATA they would send the text before it was asked for."""

    def one_more(script: Script, verb: bytes) -> Answer:
        return b"250 one\r\n250 two\r\n354 three\r\n250 four\r\n" if verb == b"MAIL" else good(script, verb)

    async with scripted(one_more) as (script, settings), open_mailer(settings) as mailer:
        with pytest.raises(MailRefused) as failed:
            await mailer.send(MESSAGE, SENDER, TO)
        assert not failed.value.permanent
        assert script.mails == []


@pytest.mark.parametrize("verb", [b"MAIL", b"RCPT", b"DATA", b"."])
@pytest.mark.parametrize(
    ("answer", "permanent"),
    [
        (b"550-5.7.1 not\r\n550 5.7.1 you\r\n", True),
        (b"452 4.2.2 full\r\n", False),
        (b"\r\n", False),
        (b"hello\r\n", False),
        (b"2" * 40_000, False),
        (None, False),
    ],
)
async def test_whatever_goes_wrong_the_mail_is_not_taken_for_sent(
    verb: bytes, answer: Answer, permanent: bool
) -> None:
    def bad(script: Script, asked: bytes) -> Answer:
        return answer if asked == verb and script.connections == 1 else good(script, asked)

    async with scripted(bad) as (script, settings), open_mailer(settings) as mailer:
        async with asyncio.timeout(10):
            with pytest.raises(MailRefused) as failed:
                await mailer.send(MESSAGE, SENDER, TO)
        assert failed.value.permanent is permanent
        await mailer.send(MESSAGE, SENDER, TO)
        assert script.connections == 2


@pytest.mark.parametrize(("verb", "answer"), [(b"DATA", b"250 fine\r\n"), (b".", b"354 go on\r\n")])
async def test_a_good_answer_to_another_question_is_none(verb: bytes, answer: bytes) -> None:
    def confused(script: Script, asked: bytes) -> Answer:
        return answer if asked == verb else good(script, asked)

    async with scripted(confused) as (_, settings), open_mailer(settings) as mailer:
        with pytest.raises(MailRefused) as failed:
            await mailer.send(MESSAGE, SENDER, TO)
        assert not failed.value.permanent
