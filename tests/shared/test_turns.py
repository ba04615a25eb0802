"""Who waits for a database connection is refused early; probes and logons come first."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends
from harness import at_work, client
from payments.models import Base
from payments.service import service as payments
from shared.auth import allow_anyone
from shared.service import Handlers, Running, Service, no_tools
from shared.settings import Settings
from shared.transaction import open_read, open_work
from shared.turns import Busy, Turns, patience, urgent
from shared.work import Work
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

router = APIRouter(dependencies=[Depends(allow_anyone)])


@router.get("/v1/looks")
async def look(read: Annotated[AsyncConnection, Depends(open_read)]) -> int:
    return (await read.execute(text("SELECT 1"))).scalar_one()


@router.post("/v1/looks")
async def write(work: Annotated[Work[Any], Depends(open_work)]) -> int:
    return (await work.session.execute(text("SELECT 1"))).scalar_one()


toy = Service("payments", Settings, Base.metadata, router, Handlers(), (), no_tools)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    async with at_work(toy, f"sqlite+aiosqlite:///{tmp_path}/x.db", tables=payments) as found:
        yield found


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_request_that_waits_too_long_is_refused_early(running: Running[Any], method: str) -> None:
    begun = asyncio.get_running_loop().time()
    held = [running.database.read() for _ in range(4)]
    async with running.database.transaction(), client(running) as http:
        for each in held:
            await each.__aenter__()
        try:
            answer = await http.request(method, "/v1/looks")
        finally:
            for each in held:
                await each.__aexit__(None, None, None)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert "at once" in answer.json()["title"]
    assert 1.9 < asyncio.get_running_loop().time() - begun < 8


async def test_a_loop_waits_longer_than_a_request() -> None:
    assert patience.get() >= 10


async def test_what_is_urgent_comes_first_and_the_others_in_turn() -> None:
    turns, served = Turns(1), list[str]()

    async def ask(name: str, *, first: bool) -> None:
        urgent.set(first)
        async with turns.one():
            served.append(name)
            await asyncio.sleep(0)

    async with turns.one():
        waiting = []
        for name, first in (("a", False), ("b", False), ("probe", True), ("c", False), ("logon", True)):
            waiting.append(asyncio.create_task(ask(name, first=first)))
            await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert served == ["probe", "logon", "a", "b", "c"]


async def test_a_turn_is_lost_to_nobody() -> None:
    """Whoever gives up, or is cancelled in the moment he gets it, leaves it to the next."""
    turns = Turns(1)

    async def impatient() -> None:
        patience.set(0.01)
        async with turns.one():
            pass

    for _ in range(20):
        async with turns.one():
            given_up = [asyncio.create_task(impatient()) for _ in range(5)]
            with pytest.raises(Busy):
                await given_up[0]
            cancelled = asyncio.create_task(impatient())
            await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.gather(*given_up, cancelled, return_exceptions=True)
    async with asyncio.timeout(1), turns.one():
        pass


def test_the_routes_of_a_logon_are_first_in_line() -> None:
    from portal_api.service import service as portal

    urgent_routes = {
        getattr(route, "path", "")
        for route in portal.router.routes
        if getattr(getattr(route, "endpoint", None), "first_in_line", False)
    }
    assert urgent_routes == {"/v1/session", "/v1/session/token", "/v1/oauth/token"}
