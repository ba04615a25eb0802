"""One behaviour suite for both buses and both databases: nothing lost, nothing twice, poison set aside."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from bus_tests import mention
from customer.service import service as customer
from fastapi import APIRouter
from harness import at_work, client, envelope
from localservers import Postgres, RabbitMQ
from payments.models import Base
from payments.service import service as payments
from shared.bus import Bus, LocalBus
from shared.consumer import deliver
from shared.db import Database
from shared.events.dispatch import DispatchMentioned
from shared.outbox import relay_once
from shared.rabbit import RabbitBus
from shared.service import Handlers, Running, Service, no_tools
from shared.settings import Settings
from shared.tables import audit, outbox
from shared.work import Work
from sqlalchemy import func, insert, select, text


def hearer() -> Service:
    """Stands in the dispatch service's place: writes each event down, chokes on number 13."""
    handlers = Handlers()

    @handlers.on(DispatchMentioned)
    async def note(work: Work[Any], events: Sequence[DispatchMentioned]) -> None:
        for event in events:
            row = {"at": work.now, "who": "hearer", "action": event.number, "subject": ""}
            await work.session.execute(insert(audit), row)
            if event.number == "13":
                raise ValueError("thirteen is not a dispatch")

    return Service("dispatch", Settings, Base.metadata, APIRouter(), handlers, (), no_tools)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    def fresh(name: str) -> str:
        if request.param == "sqlite":
            return f"sqlite+aiosqlite:///{tmp_path}/{name}.db"
        server: Postgres = request.getfixturevalue("postgres")
        return server.url(server.unused_name())

    return fresh


@pytest.fixture(params=["local", "rabbit"])
def bus(request: pytest.FixtureRequest) -> Bus:
    if request.param == "local":
        return LocalBus()
    return RabbitBus(request.getfixturevalue("bus_url"))


@asynccontextmanager
async def pair(bus: Bus, url: Any) -> AsyncGenerator[tuple[Running[Any], Running[Any]]]:
    """A speaker and the hearer, both on the tables that every service has."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bus.close)
        speaker = await stack.enter_async_context(at_work(payments, url("speaker"), bus))
        listener = await stack.enter_async_context(
            at_work(hearer(), url("hearer"), bus, loops=True, tables=payments)
        )
        yield speaker, listener


async def noted(running: Running[Any]) -> list[str]:
    async with running.database.read() as read:
        return list((await read.execute(select(audit.c.action).order_by(audit.c.seq))).scalars())


async def until(condition: Any, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


async def waiting(running: Running[Any]) -> int:
    async with running.database.read() as read:
        return (await read.execute(select(func.count()).select_from(outbox))).scalar_one()


async def test_what_commits_arrives_once_and_in_order(bus: Bus, url: Any) -> None:
    numbers = [str(number) for number in range(1000, 1250)]
    async with pair(bus, url) as (speaker, listener):
        async with speaker.work() as work:
            for number in numbers:
                work.emit(mention(number), number)
        assert await relay_once(speaker) == 250
        assert await waiting(speaker) == 0

        async def all_there() -> bool:
            return len(await noted(listener)) >= 250

        await until(all_there)
        assert await noted(listener) == numbers


async def test_what_rolls_back_is_never_said(bus: Bus, url: Any) -> None:
    async with pair(bus, url) as (speaker, _):
        with pytest.raises(RuntimeError):
            await _say_and_fail(speaker)
        assert await relay_once(speaker) == 0


async def _say_and_fail(speaker: Running[Any]) -> None:
    async with speaker.work() as work:
        work.emit(mention("7"), "7")
        raise RuntimeError


async def test_a_repeated_event_is_handled_once(bus: Bus, url: Any) -> None:
    async with pair(bus, url) as (_, listener):
        again = envelope(mention("7"), "7")
        await deliver(listener, [again])
        await deliver(listener, [again, again])
        assert await noted(listener) == ["7"]


async def test_poison_is_buried_alone_and_can_be_replayed(bus: Bus, url: Any) -> None:
    async with pair(bus, url) as (speaker, listener):
        async with speaker.work() as work:
            for number in ("11", "12", "13", "14"):
                work.emit(mention(number), number)
        await relay_once(speaker)

        async def buried() -> bool:
            return bool(await bus.dead_letters(listener))

        async def goes_on() -> bool:
            return await noted(listener) == ["11", "12", "14"]

        await until(buried)
        await until(goes_on)
        (letter,) = await bus.dead_letters(listener)
        assert letter.reason == "ValueError: thirteen is not a dispatch"
        assert letter.name == "dispatch.mentioned.v1"
        assert isinstance(letter.id, UUID)
        assert await bus.replay(listener, [letter.id]) == 1

        await until(buried)  # still poison: it dies again rather than being lost
        assert [found.id for found in await bus.dead_letters(listener)] == [letter.id]


async def test_an_event_before_its_hearers_first_start_waits(url: Any, bus_url: str) -> None:
    bus = RabbitBus(bus_url)
    async with at_work(payments, url("speaker"), bus) as speaker:
        async with speaker.work() as work:
            work.emit(mention("7"), "7")
        assert await relay_once(speaker) == 1
    async with pair(bus, url) as (_, listener):

        async def there() -> bool:
            return await noted(listener) == ["7"]

        await until(there)


async def test_a_broken_topology_keeps_the_row(url: Any, rabbitmq: RabbitMQ, bus_url: str) -> None:
    """Somebody deletes a queue while we run: the publish is returned as unroutable, and the row stays."""
    import aio_pika

    bus = RabbitBus(bus_url)
    async with at_work(payments, url("speaker"), bus) as speaker:
        async with speaker.work() as work:
            work.emit(mention("7"), "7")
        await relay_once(speaker)
        connection = await aio_pika.connect(bus_url)
        channel = await connection.channel()
        await channel.queue_delete("dispatch")
        await connection.close()
        async with speaker.work() as work:
            work.emit(mention("8"), "8")
        assert await relay_once(speaker) is None
        assert await waiting(speaker) == 1
        await bus.close()


async def test_a_broker_that_is_away_keeps_the_row_and_gets_it_later(url: Any) -> None:
    with RabbitMQ() as broker:
        bus = RabbitBus(broker.url(broker.create_vhost()))
        async with pair(bus, url) as (speaker, listener):
            broker.kill9()
            async with speaker.work() as work:
                work.emit(mention("7"), "7")
            assert await relay_once(speaker) is None
            assert await waiting(speaker) == 1
            await asyncio.to_thread(broker.restart)

            async def there() -> bool:
                await relay_once(speaker)
                return await noted(listener) == ["7"]

            await until(there, 40)


async def test_readiness_is_not_spoilt_by_a_pause_that_is_over(url: Any, bus_url: str) -> None:
    """Only loops have heartbeats: a restart long ago leaves none behind."""
    bus = RabbitBus(bus_url)
    async with at_work(payments, url("quiet"), bus, loops=True) as running:
        await until(lambda: _true(bus.connected()))
        await running.pause(0.01, "relay restart")
        loops = {"relay", "consumer", *(loop.__name__ for loop in payments.loops)}
        assert set(running.heartbeats) - {"end_stalled", "write_refusals"} == loops
        await bus.close()


async def test_a_loop_that_means_to_sleep_for_hours_is_not_taken_for_dead(
    url: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.health.STALE_SECONDS", 0)
    async with at_work(payments, url("asleep")) as running:
        running.heartbeats |= {"asleep": time.monotonic(), "dead": time.monotonic()}
        sleeper = asyncio.create_task(running.pause(6 * 3600, "asleep"))
        await asyncio.sleep(0.01)
        async with client(running) as http:
            state = (await http.get("/readyz")).json()["services"]["payments"]
            assert state["stale"] == ["dead"]
            running.wake("asleep")
            await sleeper
            state = (await http.get("/readyz")).json()["services"]["payments"]
            assert state["stale"] == ["asleep", "dead"]


async def test_a_loop_that_has_done_its_work_is_not_taken_for_dead(
    url: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Customer has one: what it introduces, it introduces at the start."""
    monkeypatch.setattr("shared.health.STALE_SECONDS", -10)  # whatever has a heartbeat is late
    async with at_work(customer, url("done"), loops=True) as running, client(running) as http:

        async def late() -> set[str]:
            return set((await http.get("/readyz")).json()["services"]["customer"]["stale"])

        async def only_what_goes_on() -> bool:
            found = await late()
            return "relay" in found and "introduce_payers" not in found

        await until(only_what_goes_on)


async def _true(value: bool) -> bool:
    return value


async def test_a_stopped_process_cannot_hold_its_locks(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    async with database.read() as read:
        timeout = (await read.execute(text("SHOW idle_in_transaction_session_timeout"))).scalar_one()
    await database.close()
    assert timeout == "10s"
