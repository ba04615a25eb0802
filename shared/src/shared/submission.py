"""Mails into a connection to a mail server that is greeted, encrypted and logged in.

Commands go out together where the server takes them so (RFC 2920): two round trips a mail instead of four. No
client library does that, so from here on the connection is ours (docs/decisions/0014)."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

import aiosmtplib
from aiosmtplib import SMTPResponse, SMTPStatus

TIMEOUT_SECONDS = 30.0
MAX_REPLIES = 32_768  # bytes that wait to be understood

# what may stand between angle brackets; anything else could say more than an address
_ADDRESS = re.compile(r"[!#-;=?-~]+@[!#-;=?-~]+")


class Submission(asyncio.Protocol):
    """One mail after the other. Whatever `send` raises, the connection is of no more use then."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        """Takes the connection over from a client that has said EHLO or HELO."""
        self._transport = cast(asyncio.Transport, client.transport)
        self._size = client.supports_extension("size")
        self._pipelining = client.supports_extension("pipelining")
        self._received = bytearray()
        self._lines: list[bytes] = []
        self._replies: list[SMTPResponse] = []
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None
        self._transport.set_protocol(self)

    @property
    def usable(self) -> bool:
        return not self._transport.is_closing()

    async def send(self, message: bytes, sender: str, to: str) -> None:
        """One mail, whose lines end in CRLF, to one address. Returns when the server has it; raises
        SMTPResponseException, SMTPServerDisconnected, TimeoutError, or ValueError."""
        lines = message.count(b"\r\n")
        if not message.endswith(b"\r\n") or {message.count(b"\r"), message.count(b"\n")} != {lines}:
            raise ValueError("a line does not end in CRLF")
        size = f" SIZE={len(message)}" if self._size else ""
        opening = [f"MAIL FROM:<{_address(sender)}>{size}", f"RCPT TO:<{_address(to)}>", "DATA"]
        commands = [f"{command}\r\n".encode("ascii") for command in opening]
        if self._pipelining:
            replies = await self._ask(b"".join(commands), len(commands))
        else:
            replies = [(await self._ask(command, 1))[0] for command in commands]
        if replies[-1].code != SMTPStatus.start_input:
            raise aiosmtplib.SMTPResponseException(*replies[-1])
        # a dot that begins a line is doubled (RFC 5321, 4.5.2)
        kept = (await self._ask(message.replace(b"\r\n.", b"\r\n..") + b".\r\n", 1))[0]
        if kept.code != SMTPStatus.completed:
            raise aiosmtplib.SMTPResponseException(*kept)

    async def quit(self) -> None:
        """Good manners only: whatever comes of it, the connection is closed."""
        with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            await self._ask(b"QUIT\r\n", 1)
        self.drop()

    def drop(self) -> None:
        self._transport.abort()

    async def _ask(self, commands: bytes, count: int) -> Sequence[SMTPResponse]:
        """The replies to `count` commands. Raises for the first that is a refusal."""
        if not self.usable:
            raise aiosmtplib.SMTPServerDisconnected("The connection is of no more use")
        self._replies, self._wanted = [], count
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(commands)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._waiter
        finally:
            self._waiter = None
        replies = self._replies[:count]
        for reply in replies:
            if reply.code >= 400:
                raise aiosmtplib.SMTPResponseException(*reply)
        if len(replies) < count:
            raise aiosmtplib.SMTPServerDisconnected("The server has closed the connection")
        return replies

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) + sum(map(len, self._lines)) > MAX_REPLIES:
            self.drop()
            return
        while (end := self._received.find(b"\n")) >= 0:
            self._line(bytes(self._received[:end]).strip())
            del self._received[: end + 1]
        if len(self._replies) < self._wanted:
            return
        if len(self._replies) > self._wanted or self._lines or self._received:
            self.drop()  # nobody has asked: it goes away, or is out of step
        self._answered()

    def _line(self, line: bytes) -> None:
        self._lines.append(line[4:])
        if line[3:4] == b"-":
            return
        code, text = line[:3], b"\n".join(self._lines).decode("utf-8", "replace")
        # no number: 500 would mean for good, and what a server meant that speaks no SMTP is not known
        self._replies.append(SMTPResponse(int(code) if code.isdigit() else 421, text))
        self._lines = []

    def connection_lost(self, exc: Exception | None) -> None:
        self._answered()

    def _answered(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _address(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"{address!r} is no address that a mail server takes")
    return address
