"""The bus as services see it, and the one that lives inside a process."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from sqlalchemy import delete, insert, select

from shared.db import utcnow
from shared.events import Event
from shared.tables import dead_letter
from shared.wire import label, plain, read, read_one, text_of

if TYPE_CHECKING:
    from shared.service import Running


class BusDown(Exception):
    """The bus took nothing; the same rows go again later."""


class EventRefused(Exception):
    """The bus is there and does not take this: to try again would change nothing."""


@dataclass(frozen=True)
class DeadLetter:
    """An event that a service could not handle, with the last error's words. `body` is what was found, which
    need not be an event."""

    id: UUID
    name: str
    reason: str
    body: str


class Bus(Protocol):
    async def publish(self, name: str, body: bytes, source: str) -> None:
        """Hands over a JSON array of envelopes of one event name; returns when it cannot be lost any more.
        Raises BusDown (or OSError) when nothing was taken, and whatever else for what is never taken."""
        ...

    async def consume(self, running: "Running[Any]") -> None:
        """Feeds a service until it stops."""
        ...

    async def bury(self, running: "Running[Any]", found: Any, reason: str) -> None:
        """Sets an envelope aside, or what stood in its place."""
        ...

    async def dead_letters(self, running: "Running[Any]") -> list[DeadLetter]: ...

    async def replay(self, running: "Running[Any]", ids: Collection[UUID] | None = None) -> int:
        """Hands dead letters (None: all) to the service again; how many there were. What fails again, or is
        cut off, stays a dead letter."""
        ...

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

        found = read(body)
        for hearer in hearers_of(name):
            if hearer not in self._hearers:
                raise BusDown(f"{hearer} is not running")
            await deliver(self._hearers[hearer], found)

    async def consume(self, running: "Running[Any]") -> None:
        while not running.stopping.is_set():
            await running.pause(5, "consumer")

    async def bury(self, running: "Running[Any]", found: Any, reason: str) -> None:
        id, name = label(found)
        row = {"id": id, "name": name, "reason": plain(reason), "body": text_of(found), "died_at": utcnow()}
        async with running.database.transaction() as session:
            await session.execute(delete(dead_letter).where(dead_letter.c.id == id))
            await session.execute(insert(dead_letter), row)

    async def dead_letters(self, running: "Running[Any]") -> list[DeadLetter]:
        columns = (dead_letter.c.id, dead_letter.c.name, dead_letter.c.reason, dead_letter.c.body)
        async with running.database.read() as connection:
            rows = await connection.execute(select(*columns).order_by(dead_letter.c.died_at))
        return [DeadLetter(*row) for row in rows]

    async def replay(self, running: "Running[Any]", ids: Collection[UUID] | None = None) -> int:
        from shared.consumer import deliver

        letters = await self.dead_letters(running)
        chosen = [letter for letter in letters if ids is None or letter.id in ids]
        for letter in chosen:
            found = read_one(letter.body)
            buried = await deliver(running, [found])
            # It goes once it is handled (or lies there anew), not before; the inbox knows what was handled.
            if not buried or label(found)[0] != letter.id:
                async with running.database.transaction() as session:
                    await session.execute(delete(dead_letter).where(dead_letter.c.id == letter.id))
        return len(chosen)

    def connected(self) -> bool:
        return True

    async def close(self) -> None:
        return None


def hearers_of(name: str) -> tuple[str, ...]:
    """Who has to get events of that name. Raises EventRefused where this release knows no such event."""
    if name not in Event.registry:
        raise EventRefused(f"this release knows no event {name[:80]}")
    return Event.registry[name].heard_by
