"""What the bus never takes stands aside, with what follows of its subject; its neighbours go on, and a person
sees it and brings it back. On SQLite and on PostgreSQL."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import UUID

import pydantic_core
import pytest
from bus_tests import Told, say
from harness import at_work, client
from payments.service import service as payments
from prometheus_client import REGISTRY
from shared.bus import BusDown, EventRefused, LocalBus
from shared.db import utcnow
from shared.outbox import relay, relay_once
from shared.outgoing import TRIES, Row, in_order
from shared.service import Running
from shared.tables import outbox, parked
from sqlalchemy import func, insert, select, update

from shared import dead_letters


@pytest.fixture(params=["sqlite", "postgresql"])
async def speaker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    url = f"sqlite+aiosqlite:///{tmp_path}/speaker.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("database_url")
    async with at_work(payments, url, Told(), lease_seconds=5) as running:
        yield running


class Choosy(Told):
    """Refuses what holds one of `never`, although it is there; a batch is refused whole."""

    never: tuple[str, ...] = ()
    error: type[Exception] = EventRefused

    async def publish(self, name: str, body: bytes, source: str) -> None:
        if any(envelope["data"]["number"] in self.never for envelope in pydantic_core.from_json(body)):
            raise self.error("too large")
        await super().publish(name, body, source)


def choosy(speaker: Running[Any], *never: str) -> Choosy:
    bus = Choosy()
    bus.never, speaker.bus = never, bus
    return bus


async def rounds(speaker: Running[Any], count: int = TRIES + 3) -> None:
    """As if the pauses between the tries were over."""
    for _ in range(count):
        await relay_once(speaker)
        async with speaker.database.transaction() as session:
            await session.execute(update(outbox).values(due_at=utcnow()))


async def plant(speaker: Running[Any], body: str, name: str = "dispatch.mentioned.v1") -> None:
    async with speaker.database.transaction() as session:
        await session.execute(insert(outbox), {"name": name, "body": body, "due_at": utcnow(), "attempts": 0})


async def count(speaker: Running[Any], table: Any) -> int:
    async with speaker.database.read() as read:
        return (await read.execute(select(func.count()).select_from(table))).scalar_one()


async def test_what_is_never_taken_stands_aside_with_what_follows_of_its_subject(
    speaker: Running[Any],
) -> None:
    bus = choosy(speaker, "2")
    await say(speaker, 1, subject="a")
    await say(speaker, 2, 3, subject="b")
    await say(speaker, 4, subject="a")
    await rounds(speaker)
    await say(speaker, 5, subject="b")
    await say(speaker, 6, subject="c")
    await rounds(speaker, 2)
    assert bus.numbers == ["1", "4", "6"]
    assert await count(speaker, outbox) == 0
    found = await dead_letters.every(speaker)
    assert [pydantic_core.from_json(letter.body)["data"]["number"] for _, letter in found] == ["2", "3", "5"]
    assert [which for which, _ in found] == ["said"] * 3
    assert "too large" in found[0][1].reason

    bus.never = ()
    await say(speaker, 7, subject="b")
    assert await dead_letters.replay(speaker, [found[1][1].id]) == 3
    await rounds(speaker, 2)
    assert bus.numbers == ["1", "4", "6", "2", "3", "5", "7"]
    assert await count(speaker, parked) == 0


async def test_what_is_refused_has_some_tries(speaker: Running[Any]) -> None:
    bus = choosy(speaker, "1")
    await say(speaker, 1, 2)
    await rounds(speaker, TRIES - 1)
    assert await count(speaker, parked) == 0
    bus.never = ()
    await rounds(speaker, 1)
    assert bus.numbers == ["1", "2"]


@pytest.mark.parametrize("error", [BusDown, OSError, TimeoutError])
async def test_an_outage_parks_nothing(speaker: Running[Any], error: type[Exception]) -> None:
    bus = choosy(speaker, "1")
    bus.error = error
    await say(speaker, 1, 2)
    await rounds(speaker, 3 * TRIES)
    assert (bus.numbers, await count(speaker, parked), await count(speaker, outbox)) == ([], 0, 2)


@pytest.mark.parametrize(
    "body",
    [
        '{"id":"00000000-0000-0000-0000-000000000001","traceparent":""","data":{}}',
        "",
        "null",
        "[]",
        "{}",
        '{"id":7}',
        '{"id":"00000000-0000-0000-0000-000000000001","type":"another.v1","subject":"1","data":{}}',
        '{"id":"00000000-0000-0000-0000-000000000001","type":"dispatch.mentioned.v1","data":{}}',
        "[" * 1_000,
    ],
)
async def test_a_row_that_is_no_event_lets_its_neighbours_pass(speaker: Running[Any], body: str) -> None:
    await say(speaker, 1)
    await plant(speaker, body)
    await say(speaker, 2)
    bus: Any = speaker.bus
    await rounds(speaker)
    assert bus.numbers == ["1", "2"]
    ((which, letter),) = await dead_letters.every(speaker)
    assert (which, letter.body, letter.name) == ("said", body, "dispatch.mentioned.v1")
    assert isinstance(letter.id, UUID)
    (line,) = await dead_letters.lines(speaker)
    assert str(letter.id) in line
    assert await dead_letters.body(speaker, letter.id) == body


async def test_an_event_that_this_release_does_not_know_stands_aside(speaker: Running[Any]) -> None:
    await plant(
        speaker,
        '{"id":"00000000-0000-0000-0000-000000000001","type":"new.v9","subject":"1","data":{}}',
        "new.v9",
    )
    speaker.bus = LocalBus()
    await rounds(speaker)
    ((_, letter),) = await dead_letters.every(speaker)
    assert "knows no event new.v9" in letter.reason


async def test_a_person_sees_what_stands_aside(speaker: Running[Any]) -> None:
    await plant(speaker, "nonsense")
    await rounds(speaker, 1)
    async with client(speaker) as http:
        ready = await http.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["status"] == "degraded"
    assert ready.json()["services"]["payments"]["parked"] == 1

    async def stop(*_: Any) -> None:
        speaker.stopping.set()

    speaker.pause = stop  # type: ignore[method-assign]
    await relay(speaker)
    assert REGISTRY.get_sample_value("callboard_outbox_parked", {"service": "payments"}) == 1


async def test_two_events_of_a_subject_keep_their_order_whatever_their_names(speaker: Running[Any]) -> None:
    def row(seq: int, name: str, subject: str) -> Row:
        body = {"id": str(UUID(int=seq)), "type": name, "subject": subject, "data": {}}
        return Row(seq, name, pydantic_core.to_json(body).decode(), 0, 0)

    rows = [row(1, "b", "x"), row(2, "a", "y"), row(3, "b", "y"), row(4, "a", "x"), row(5, "a", "z")]
    batches = list(in_order(rows))
    order = [each.seq for batch in batches for each in batch]
    assert sorted(order) == [1, 2, 3, 4, 5]
    assert order.index(2) < order.index(3)
    assert order.index(1) < order.index(4)
    assert all(len({each.name for each in batch}) == 1 for batch in batches)
