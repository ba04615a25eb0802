"""A partner's web service on a real socket that answers as it is told."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

ACCEPTED = b'{"result": "accepted"}'
REFUSED = b'{"result": "error", "message": "dispatch is closed"}'


@dataclass
class Partner:
    """`answers` are taken in order, then `otherwise`: (status, body), seconds of silence, or "cut" for a
    connection that is closed without an answer. `told` are the bodies received."""

    port: int = 0
    answers: list[Any] = field(default_factory=list[Any])
    otherwise: Any = (200, ACCEPTED)
    told: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    at_once: int = 0
    most_at_once: int = 0
    pause: float = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/updates"

    def codes(self, number: str) -> list[str]:
        return [told["statusCode"] for told in self.told if told["dispatchId"] == number]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length:")[1].split("\r\n")[0])
        self.told.append(json.loads(await reader.readexactly(length)))
        answer = self.answers.pop(0) if self.answers else self.otherwise
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.pause)
        self.at_once -= 1
        if answer == "cut":
            return False
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            return False
        status, body = answer
        writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        return True


@asynccontextmanager
async def partner() -> AsyncGenerator[Partner]:
    stand_in = Partner()
    server = await asyncio.start_server(stand_in.serve, "127.0.0.1", 0)
    stand_in.port = server.sockets[0].getsockname()[1]
    try:
        yield stand_in
    finally:
        server.close()
