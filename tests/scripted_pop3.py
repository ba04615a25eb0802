"""A POP3 server that says exactly what a test tells it to, well-behaved or not."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Pop3:
    """`answers` overrides what is said to a whole command line; an empty answer closes the connection.
    `escape` is the duty to double a leading dot, which a broken server neglects."""

    mails: Sequence[bytes]
    greeting: bytes = b"+OK ready\r\n"
    capabilities: Sequence[bytes] | None = (b"PIPELINING", b"UIDL")
    escape: bool = True
    answers: dict[bytes, bytes] = field(default_factory=dict)
    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    pipelined: bool = False

    def answer(self, command: bytes) -> bytes:
        if command in self.answers:
            return self.answers[command]
        verb, _, argument = command.partition(b" ")
        if verb == b"CAPA":
            return b"-ERR what?\r\n" if self.capabilities is None else listing(self.capabilities)
        if verb == b"LIST" and argument:
            return b"+OK %s %d\r\n" % (argument, len(self.mails[int(argument) - 1]))
        if verb == b"LIST":
            return listing([b"%d %d" % (n, len(mail)) for n, mail in enumerate(self.mails, 1)])
        if verb == b"UIDL":
            return listing([b"%d uid-%d" % (n, n) for n, _ in enumerate(self.mails, 1)])
        if verb == b"RETR":
            mail = self.mails[int(argument) - 1]
            return b"+OK\r\n" + (escaped(mail) if self.escape else mail) + b".\r\n"
        return b"+OK\r\n"


def listing(lines: Sequence[bytes]) -> bytes:
    return b"+OK\r\n" + b"".join(line + b"\r\n" for line in lines) + b".\r\n"


def escaped(mail: bytes) -> bytes:
    return (b"\r\n" + mail).replace(b"\r\n.", b"\r\n..")[2:]


@asynccontextmanager
async def serving(pop3: Pop3) -> AsyncGenerator[Pop3]:
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            writer.write(pop3.greeting)
            while command := (await reader.readline()).rstrip(b"\r\n"):
                await asyncio.sleep(0.001)  # time for a second command to arrive, if there is one
                pop3.pipelined |= b"\n" in bytes(reader._buffer)  # type: ignore[attr-defined]
                pop3.heard.append(command)
                reply = pop3.answer(command)
                if not reply:
                    break
                writer.write(reply)
                await writer.drain()
        writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.create_task(talk(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    pop3.port = server.sockets[0].getsockname()[1]
    try:
        yield pop3
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.wait_for(asyncio.gather(*talks), 10)
