"""Dead letters: what is no event is buried alone, a look at them never fails, and a replay loses none."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import aio_pika
import pydantic_core
import pytest
from bus_tests import mention
from fastapi import APIRouter
from harness import at_work, envelope
from localservers import RabbitMQ
from payments.models import Base
from payments.service import service as payments
from shared.bus import Bus, LocalBus
from shared.consumer import deliver
from shared.events.dispatch import DispatchMentioned
from shared.outbox import relay_once
from shared.rabbit import RabbitBus
from shared.service import Handlers, Running, Service, no_tools
from shared.settings import Settings
from shared.tables import audit, inbox, outbox
from shared.work import Work
from sqlalchemy import func, insert, select
from sqlalchemy.exc import OperationalError

from shared import dead_letters

GARBAGE: tuple[bytes, ...] = (
    b"",
    b"\xff\xfe\x00",
    b"{",
    b"7",
    b"null",
    b'"text"',
    b"[]",
    b"[7]",
    b"[null]",
    b"[[]]",
    b"{}",
    b"[{}]",
    b'[{"id":"x","type":"y"}]',
    b'[{"id":7,"type":[],"subject":{},"data":"x"}]',
    b'[{"id":"00000000-0000-0000-0000-000000000001"}]',
    b'[{"id":"00000000-0000-0000-0000-000000000001","type":"dispatch.mentioned.v1","subject":"s","data":7}]',
    b'[{"id":"00000000-0000-0000-0000-000000000001","type":"' + b"x" * 200 + b'","subject":"s","data":{}}]',
    b"[" * 1_000,
)


class Hearer:
    """Stands in the dispatch service's place; `bad` numbers fail as told."""

    def __init__(self) -> None:
        self.bad: dict[str, Exception] = {"13": ValueError("thirteen\nis no dispatch \ud800\0")}
        handlers = Handlers()

        @handlers.on(DispatchMentioned)
        async def note(work: Work[Any], events: Sequence[DispatchMentioned]) -> None:
            for event in events:
                row = {"at": work.now, "who": "hearer", "action": event.number, "subject": ""}
                await work.session.execute(insert(audit), row)
                if event.number in self.bad:
                    raise self.bad[event.number]

        self.service = Service("dispatch", Settings, Base.metadata, APIRouter(), handlers, (), no_tools)


@pytest.fixture(params=["local", "rabbit"])
def bus(request: pytest.FixtureRequest) -> Bus:
    return LocalBus() if request.param == "local" else RabbitBus(request.getfixturevalue("bus_url"))


@asynccontextmanager
async def listening(
    hearer: Hearer, bus: Bus, folder: Path, *, loops: bool = False, **settings: Any
) -> AsyncGenerator[Running[Any]]:
    url = f"sqlite+aiosqlite:///{folder}/hearer.db"
    try:
        async with at_work(hearer.service, url, bus, loops=loops, tables=payments, **settings) as running:
            yield running
    finally:
        await bus.close()


async def noted(running: Running[Any]) -> list[str]:
    async with running.database.read() as read:
        return list((await read.execute(select(audit.c.action).order_by(audit.c.seq))).scalars())


async def until(condition: Any, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


async def put(url: str, body: bytes, queue: str = "dispatch") -> None:
    """A message straight into the queue, as anybody at the broker may send one."""
    connection = await aio_pika.connect(url)
    channel = await connection.channel()
    await channel.default_exchange.publish(aio_pika.Message(body), queue)
    await connection.close()


def message(*numbers: str) -> bytes:
    return pydantic_core.to_json([envelope(mention(number), number) for number in numbers])


async def test_what_is_no_event_is_buried_alone(bus_url: str, tmp_path: Path) -> None:
    bus = RabbitBus(bus_url)
    async with listening(Hearer(), bus, tmp_path) as running:
        await bus.dead_letters(running)  # declares the queues
        for place, body in enumerate(GARBAGE):
            await put(bus_url, message(str(1000 + place)))
            await put(bus_url, body)
        await put(bus_url, b"[7," + message("2000")[1:])
        consumer = asyncio.create_task(bus.consume(running))

        async def all_there() -> bool:
            return len(await noted(running)) == len(GARBAGE) + 1

        await until(all_there)
        assert sorted(await noted(running)) == [str(1000 + n) for n in range(len(GARBAGE))] + ["2000"]
        running.stopping.set()
        await consumer
        letters = await bus.dead_letters(running)
        assert len(letters) == len(GARBAGE)  # an array of nothing says nothing; the 7 beside an event does
        assert all(letter.reason.startswith("This is no event: ") for letter in letters)
        lines = await dead_letters.lines(running)
        assert [str(letter.id) in line for letter, line in zip(letters, lines, strict=True)]
        assert await dead_letters.replay(running, None) == len(letters)


async def test_what_is_no_event_is_buried_alone_when_the_broker_delivers_again(
    bus_url: str, tmp_path: Path
) -> None:
    bus = RabbitBus(bus_url)
    async with listening(Hearer(), bus, tmp_path) as running:
        await bus.dead_letters(running)
        for body in (message("1"), b"{", message("2", "3"), b'[{"id":1},' + message("4")[1:]):
            await put(bus_url, body)
        for _ in range(4):  # a consumer that is killed over and over
            connection = await aio_pika.connect(bus_url)
            channel = await connection.channel()
            queue = await channel.get_queue("dispatch")
            taken: asyncio.Queue[Any] = asyncio.Queue()
            await queue.consume(taken.put)
            for _ in range(4):
                await asyncio.wait_for(taken.get(), 10)
            await connection.close()
        consumer = asyncio.create_task(bus.consume(running))

        async def all_there() -> bool:
            return len(await noted(running)) == 4

        await until(all_there)
        running.stopping.set()
        await consumer
        assert sorted(await noted(running)) == ["1", "2", "3", "4"]
        assert len(await bus.dead_letters(running)) == 2


async def test_one_letter_of_a_dead_batch_is_replayed_and_the_others_stay(
    bus_url: str, tmp_path: Path
) -> None:
    bus = RabbitBus(bus_url)
    async with listening(Hearer(), bus, tmp_path) as running:
        await bus.dead_letters(running)
        await put(bus_url, message("1", "2", "3"), "dispatch.dead")
        await put(bus_url, b"{", "dispatch.dead")
        letters = await bus.dead_letters(running)
        assert len(letters) == 4
        assert await bus.replay(running, [letters[1].id]) == 1
        assert {each.id for each in await bus.dead_letters(running)} == {
            each.id for each in letters if each is not letters[1]
        }


async def test_all_are_replayed(bus: Bus, tmp_path: Path) -> None:
    hearer = Hearer()
    async with listening(hearer, bus, tmp_path, loops=True) as running:
        for _ in range(3):
            await bus.bury(running, envelope(mention("13"), "13"), "ValueError: x")
        hearer.bad = {}
        assert await dead_letters.replay(running, None) == 3

        async def all_there() -> bool:
            return await noted(running) == ["13"] * 3

        await until(all_there)
        assert await bus.dead_letters(running) == []


async def test_an_error_with_odd_words_is_buried_too(bus: Bus, tmp_path: Path) -> None:
    async with listening(Hearer(), bus, tmp_path) as running:
        assert await deliver(running, [envelope(mention("13"), "13"), envelope(mention("14"), "14")]) == 1
        (letter,) = await bus.dead_letters(running)
        assert letter.reason.startswith("ValueError: thirteen")
        (line,) = await dead_letters.lines(running)
        assert "\n" not in line
        assert await noted(running) == ["14"]


async def test_a_replay_that_meets_an_outage_leaves_the_letter(tmp_path: Path) -> None:
    hearer, bus = Hearer(), LocalBus()
    async with listening(hearer, bus, tmp_path) as running:
        await deliver(running, [envelope(mention("13"), "13")])
        hearer.bad = {"13": OperationalError("INSERT", {}, Exception("database or disk is full"))}
        with pytest.raises(OperationalError):
            await bus.replay(running)
        assert len(await bus.dead_letters(running)) == 1
        hearer.bad = {}
        assert await bus.replay(running) == 1
        assert (await bus.dead_letters(running), await noted(running)) == ([], ["13"])


async def test_a_replay_that_fails_again_leaves_the_letter(tmp_path: Path) -> None:
    bus = LocalBus()
    async with listening(Hearer(), bus, tmp_path) as running:
        await deliver(running, [envelope(mention("13"), "13"), 7, []])
        before = {letter.id for letter in await bus.dead_letters(running)}
        assert await bus.replay(running) == 3
        assert {letter.id for letter in await bus.dead_letters(running)} == before


async def test_an_outage_while_a_bad_batch_is_replayed_buries_nothing_good(tmp_path: Path) -> None:
    """The batch fails for its bad event; alone, the good one meets a database that is away."""
    hearer, bus = Hearer(), LocalBus()
    async with listening(hearer, bus, tmp_path) as running:
        away = OperationalError("INSERT", {}, Exception("server closed the connection"))

        class Once(dict[str, Exception]):
            def __getitem__(self, number: str) -> Exception:
                self["12"] = away  # from now on
                return super().__getitem__(number)

        hearer.bad = Once(hearer.bad)
        both = [envelope(mention("13"), "13"), envelope(mention("12"), "12")]
        with pytest.raises(OperationalError):
            await deliver(running, both)
        assert [UUID(both[0]["id"])] == [letter.id for letter in await bus.dead_letters(running)]
        hearer.bad = {"13": ValueError("still")}
        await deliver(running, both)
        assert await noted(running) == ["12"]


async def test_an_event_twice_in_one_batch_is_handled_once(tmp_path: Path) -> None:
    async with listening(Hearer(), LocalBus(), tmp_path) as running:
        one, two = envelope(mention("1"), "1"), envelope(mention("2"), "2")
        await deliver(running, [one, two, dict(one), one])
        assert await noted(running) == ["1", "2"]
        async with running.database.read() as read:
            assert (await read.execute(select(func.count()).select_from(inbox))).scalar_one() == 2


async def test_an_event_of_another_installation_is_refused(bus: Bus, tmp_path: Path) -> None:
    async with listening(Hearer(), bus, tmp_path, installation="north") as running:
        foreign = envelope(mention("1"), "1") | {"installation": "south"}
        own = envelope(mention("2"), "2") | {"installation": "north"}
        assert await deliver(running, [foreign, own, envelope(mention("3"), "3")]) == 1
        assert await noted(running) == ["2", "3"]
        (letter,) = await bus.dead_letters(running)
        assert "belongs to the installation 'south', and this is 'north'" in letter.reason


async def test_two_installations_on_one_broker_do_not_hear_each_other(bus_url: str, tmp_path: Path) -> None:
    for name in ("north", "south", ""):
        (tmp_path / f"{name}x").mkdir()
    buses = {name: RabbitBus(bus_url, name) for name in ("north", "south", "")}
    north = listening(Hearer(), buses["north"], tmp_path / "northx", loops=True, installation="north")
    south = listening(Hearer(), buses["south"], tmp_path / "southx", loops=True, installation="south")
    nameless = listening(Hearer(), buses[""], tmp_path / "x", loops=True)
    async with north as one, south as two, nameless as three:
        for running, number in ((one, "1"), (two, "2"), (three, "3")):
            async with running.work() as work:
                work.emit(mention(number), number)
            await relay_once(running)

        async def each_its_own() -> bool:
            return [await noted(running) for running in (one, two, three)] == [["1"], ["2"], ["3"]]

        await until(each_its_own)


async def test_an_event_names_its_installation(tmp_path: Path) -> None:
    async with listening(Hearer(), LocalBus(), tmp_path, installation="north") as running:
        async with running.work() as work:
            work.emit(mention("1"), "1")
        async with running.database.read() as read:
            body = (await read.execute(select(outbox.c.body))).scalar_one()
        assert pydantic_core.from_json(body)["installation"] == "north"


async def test_a_consumer_that_the_broker_cancels_begins_again(
    rabbitmq: RabbitMQ, bus_url: str, tmp_path: Path
) -> None:
    bus = RabbitBus(bus_url)
    async with listening(Hearer(), bus, tmp_path, loops=True) as running:

        async def hears(number: str) -> bool:
            return number in await noted(running)

        async def say(number: str) -> None:
            async with running.work() as work:
                work.emit(mention(number), number)

        await say("1")
        await until(lambda: hears("1"))
        vhost = bus_url.rpartition("/")[2]
        await asyncio.to_thread(rabbitmq.control, "delete_queue", "--vhost", vhost, "dispatch")
        await say("2")
        await until(lambda: hears("2"))


async def test_a_message_that_the_broker_never_takes_lets_its_neighbours_pass(tmp_path: Path) -> None:
    with RabbitMQ(settings={"max_message_size": "20000"}) as broker:
        bus = RabbitBus(broker.url(broker.create_vhost()))
        async with listening(Hearer(), bus, tmp_path, loops=True) as running:
            huge = mention("2").model_copy(update={"subject": "x" * 30_000})
            async with running.work() as work:
                work.emit(mention("1"), "1")
                work.emit(huge, "2")
                work.emit(mention("3"), "2")
                work.emit(mention("4"), "4")

            async def all_there() -> bool:
                return await noted(running) == ["1", "4"] and len(await dead_letters.every(running)) == 2

            await until(all_there, 40)
            assert [which for which, _ in await dead_letters.every(running)] == ["said", "said"]
