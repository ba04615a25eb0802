"""`callboard dead`: events that a service of this folder could not handle, or that could not be sent."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from embedded.data import Data, open_data
from embedded.house import Services, open_services
from shared import dead_letters

T = TypeVar("T")


def list_(root: Path) -> int:
    async def each(services: Services) -> list[str]:
        return [
            f"{name}  {line}"
            for name, running in services.items()
            for line in await dead_letters.lines(running)
        ]

    return _do(root, each, lambda lines: "\n".join(lines) or "Every event was sent and handled.")


def show(root: Path, event: UUID) -> int:
    async def body(services: Services) -> str | None:
        for running in services.values():
            if found := await dead_letters.body(running, event):
                return found
        return None

    return _do(root, body, lambda found: found)


def replay(root: Path, events: list[UUID], *, every: bool) -> int:
    """The exit status: 2 where nothing is named, or both."""
    if bool(events) == every:
        print("Name events, or say --all: see `callboard dead list`.", file=sys.stderr)
        return 2

    async def again(services: Services) -> int:
        found = 0
        for running in services.values():
            wanted = {letter.id for _, letter in await dead_letters.every(running)}
            if wanted := wanted if every else wanted & set(events):
                async with running.start(loops=False):
                    found += await dead_letters.replay(running, wanted)
        return found

    return _do(
        root, again, lambda count: f"{count} replayed; what fails again is back in `callboard dead list`."
    )


def _do(root: Path, work: Callable[[Services], Awaitable[T]], said: Callable[[T], str | None]) -> int:
    """The exit status: 1 where there is no such event, 2 where there is no Callboard."""
    data = open_data(root)
    if not data.database("dispatch").exists():
        print(f"There is no Callboard in {data.root}. Name its folder with --data.", file=sys.stderr)
        return 2
    answer = said(asyncio.run(_opened(data, work)))
    if answer is None:
        print("There is no such event: see `callboard dead list`.", file=sys.stderr)
        return 1
    print(answer)
    return 0


async def _opened(data: Data, work: Callable[[Services], Awaitable[T]]) -> T:
    async with _services(data) as services:
        return await work(services)


@asynccontextmanager
async def _services(data: Data) -> AsyncGenerator[Services]:
    async with AsyncExitStack() as stack:
        services = open_services(data)
        for running in services.values():
            stack.push_async_callback(running.database.close)
        yield services
