"""The bus as services see it, and the one that lives inside a process."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import pydantic_core
from sqlalchemy import delete, insert, select

from shared.db import utcnow
from shared.events import Event
from shared.tables import dead_letter

if TYPE_CHECKING:
    from shared.service import Running


class BusDown(Exception):
    """The bus took nothing; the same rows go again later."""


@dataclass(frozen=True)
class DeadLetter:
    """An event that a service could not handle, with the last error's words."""

    id: UUID
    name: str
    reason: str
    body: str


class Bus(Protocol):
    async def publish(self, name: str, body: bytes, source: str) -> None:
        """Hands over a JSON array of envelopes of one event name; returns when it cannot be lost any more.
        Raises BusDown (or OSError) when nothing was taken."""
        ...

    async def consume(self, running: "Running[Any]") -> None:
        """Feeds a service until it stops."""
        ...

    async def bury(self, running: "Running[Any]", envelope: dict[str, Any], reason: str) -> None: ...

    async def dead_letters(self, running: "Running[Any]") -> list[DeadLetter]: ...

    async def replay(self, running: "Running[Any]", ids: Sequence[UUID]) -> int: ...

    def connected(self) -> bool: ...

    async def close(self) -> None: ...


class LocalBus:
    """Delivers inside `publish()`: an outbox row goes only after every hearer has committed, so that the
    process may die at any point."""

    def __init__(self) -> None:
        self._hearers: dict[str, Running[Any]] = {}

    def join(self, running: "Running[Any]") -> None:
        self._hearers[running.name] = running

    async def publish(self, name: str, body: bytes, source: str) -> None:
        from shared.consumer import deliver

        envelopes = pydantic_core.from_json(body)
        for hearer in Event.registry[name].heard_by:
            if hearer not in self._hearers:
                raise BusDown(f"{hearer} is not running")
            await deliver(self._hearers[hearer], envelopes)

    async def consume(self, running: "Running[Any]") -> None:
        while not running.stopping.is_set():
            await running.pause(5, "consumer")

    async def bury(self, running: "Running[Any]", envelope: dict[str, Any], reason: str) -> None:
        row = {"id": UUID(envelope["id"]), "name": envelope["type"], "reason": reason, "died_at": utcnow()}
        row["body"] = pydantic_core.to_json(envelope).decode()
        async with running.database.transaction() as session:
            await session.execute(delete(dead_letter).where(dead_letter.c.id == row["id"]))
            await session.execute(insert(dead_letter), row)

    async def dead_letters(self, running: "Running[Any]") -> list[DeadLetter]:
        columns = (dead_letter.c.id, dead_letter.c.name, dead_letter.c.reason, dead_letter.c.body)
        async with running.database.read() as read:
            rows = await read.execute(select(*columns).order_by(dead_letter.c.died_at))
        return [DeadLetter(*row) for row in rows]

    async def replay(self, running: "Running[Any]", ids: Sequence[UUID]) -> int:
        from shared.consumer import deliver

        chosen = [letter for letter in await self.dead_letters(running) if letter.id in set(ids)]
        for letter in chosen:
            async with running.database.transaction() as session:
                await session.execute(delete(dead_letter).where(dead_letter.c.id == letter.id))
            await deliver(running, [pydantic_core.from_json(letter.body)])
        return len(chosen)

    def connected(self) -> bool:
        return True

    async def close(self) -> None:
        return None
