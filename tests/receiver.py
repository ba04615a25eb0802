"""A program that takes webhooks, on a real socket, and answers as it is told."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from standardwebhooks import Webhook

Answer = tuple[int, dict[str, str], bytes]
OK: Answer = (204, {}, b"")


class Taken(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> dict[str, Any]:
        """Raises where the signature is not this secret's."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """`answers` are taken in order, then `otherwise`: (status, headers, body), seconds of silence, or "flood"
    for a body without an end."""

    port: int = 0
    scheme: str = "http"
    host: str = "127.0.0.1"
    answers: list[Any] = field(default_factory=list[Any])
    otherwise: Any = OK
    taken: list[Taken] = field(default_factory=list[Taken])
    flooded: int = 0
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/hooks"

    async def wait(self, count: int, seconds: float = 10) -> list[Taken]:
        async with asyncio.timeout(seconds), self._arrived:
            await self._arrived.wait_for(lambda: len(self.taken) >= count)
        return self.taken

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
        }
        body = await reader.readexactly(int(headers["content-length"]))
        answer = self.answers.pop(0) if self.answers else self.otherwise
        async with self._arrived:
            self.taken.append(Taken(head[0].split()[1], headers, body))
            self._arrived.notify_all()
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            return
        if answer == "flood":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
                self.flooded += 65_536
        status, more, text = answer
        lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(text)}"]
        lines += [f"{name}: {value}" for name, value in more.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + text)
        await writer.drain()


@asynccontextmanager
async def receiver(**tls: Any) -> AsyncGenerator[Receiver]:
    """`ssl` makes it an https:// one."""
    stand_in = Receiver(scheme="https" if tls else "http")
    server = await asyncio.start_server(stand_in.serve, "127.0.0.1", 0, **tls)
    stand_in.port = server.sockets[0].getsockname()[1]
    try:
        yield stand_in
    finally:
        server.close()
