"""Those who listen to /v1/stream, through a real web server."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from shared.app import create_app
from shared.auth import development_token
from shared.serve import Server
from shared.service import Running


@asynccontextmanager
async def served(run: Running[Any]) -> AsyncGenerator[tuple[str, Server]]:
    """A service that is at work already, on a socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            create_app(run, loops=False), lifespan="off", log_config=None, timeout_graceful_shutdown=20
        )
        server = Server(config)
        task = asyncio.create_task(server.serve([listener]))
        while not server.started:
            await asyncio.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", server
        finally:
            server.should_exit = True
            await task


def bearer(*roles: str, subject: str = "tester", **more: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {development_token(roles, subject, **more)}"}


@dataclass
class Ear:
    """What came so far: `frames` are SSE events as (event, id, data), comments are counted."""

    response: httpx.Response
    frames: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list[Any])
    comments: int = 0
    position: int = -1
    ended: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def types(self) -> list[str]:
        return [data.get("type", event) for event, _, data in self.frames]

    async def wait(
        self, count: int = 0, *, seconds: float = 10, end: bool = False, position: int = -1
    ) -> None:
        async with asyncio.timeout(seconds):
            while len(self.frames) < count or (end and not self.ended) or self.position < position:
                self._news.clear()
                await self._news.wait()

    async def listen(self) -> None:
        event, data = "message", ""
        try:
            async for line in self.response.aiter_lines():
                name, _, value = line.partition(":")
                value = value.strip()
                if name == "id":
                    self.position = int(value)
                elif name == "event":
                    event = value
                elif name == "data":
                    data = value
                elif line == "":
                    if data:
                        self.frames.append((event, self.position, json.loads(data)))
                    event, data = "message", ""
                elif name == "":
                    self.comments += 1
                self._news.set()
        finally:
            self.ended = True
            self._news.set()


@asynccontextmanager
async def ear(url: str, headers: dict[str, str], *, after: int | None = None) -> AsyncGenerator[Ear]:
    """Listens; it has begun when this is entered."""
    more = {} if after is None else {"Last-Event-ID": str(after)}
    async with (
        httpx.AsyncClient(timeout=20) as http,
        http.stream("GET", f"{url}/v1/stream", headers={**headers, **more}) as response,
    ):
        assert response.status_code == 200, (await response.aread()).decode()
        one = Ear(response)
        task = asyncio.create_task(one.listen())
        try:
            if after is None:
                await one.wait(position=0)
            yield one
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
