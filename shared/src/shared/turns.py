"""Who gets a database connection next: probes and logons first, then in the order of asking."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

LOOP_SECONDS = 15.0
REQUEST_SECONDS = 2.0
"""A request that has waited this long is refused: who asked has gone, or asks again."""

patience: ContextVar[float] = ContextVar("patience", default=LOOP_SECONDS)
"""Seconds that this task waits for a connection."""
urgent: ContextVar[bool] = ContextVar("urgent", default=False)


class Busy(TimeoutError):
    """No connection came free in time. To try again later may help, as in any outage."""


def first_in_line(route: F) -> F:
    """For routes that must be answered when all others wait: probes, logons."""
    route.__dict__["first_in_line"] = True
    return route


class Turns:
    def __init__(self, count: int) -> None:
        self._free = count
        self._first: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def one(self) -> AsyncGenerator[None]:
        """Raises Busy where none comes free within the patience of this task."""
        await self._take()
        try:
            yield
        finally:
            self._give()

    async def _take(self) -> None:
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        (self._first if urgent.get() else self._others).append(turn)
        try:
            await asyncio.wait_for(turn, patience.get())
        except TimeoutError:
            raise Busy from None
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give()  # it came in the moment of the cancellation
            raise

    def _give(self) -> None:
        for waiting in (self._first, self._others):
            while waiting:
                turn = waiting.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._free += 1
