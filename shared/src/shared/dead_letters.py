"""What a service could not handle (heard) and what the bus did not take of it (said), for a person."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared import parked
from shared.bus import DeadLetter

if TYPE_CHECKING:
    from shared.service import Running


async def every(running: "Running[Any]") -> list[tuple[str, DeadLetter]]:
    """Each with `heard` or `said`."""
    heard = [("heard", letter) for letter in await running.bus.dead_letters(running)]
    return heard + [("said", letter) for letter in await parked.letters(running)]


async def lines(running: "Running[Any]") -> list[str]:
    """One for each, whatever is in it: a reason may hold line ends."""
    found = await every(running)
    return [f"{which}  {each.id}  {each.name}  {' '.join(each.reason.split())}" for which, each in found]


async def body(running: "Running[Any]", id: UUID) -> str | None:
    return next((letter.body for _, letter in await every(running) if letter.id == id), None)


async def replay(running: "Running[Any]", ids: Collection[UUID] | None) -> int:
    """None: all. What was said goes to the bus again, and with it all of the same subject."""
    return await running.bus.replay(running, ids) + await parked.bring_back(running, ids)
