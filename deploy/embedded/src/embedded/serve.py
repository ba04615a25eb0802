"""An app on a socket of ours, beside whatever else this process does."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

from fastapi import FastAPI
from shared.serve import web_server

GRACE_SECONDS = 3


class StartFailed(Exception):
    """The app did not come up; its log says why."""


@contextmanager
def listening(host: str, port: int) -> Generator[socket.socket]:
    """Taken before anything else is touched. Raises OSError. Port 0: any that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=2048) as listener:
        yield listener


@asynccontextmanager
async def serving(app: FastAPI, listener: socket.socket) -> AsyncGenerator[asyncio.Task[None]]:
    """Answers until the block ends, or until a signal ends the task."""
    server = web_server(app, grace=GRACE_SECONDS)
    task = asyncio.create_task(server.serve([listener]))
    while not server.started:
        if task.done():
            raise StartFailed
        await asyncio.sleep(0.005)
    try:
        yield task
    finally:
        server.should_exit = True
        await task
