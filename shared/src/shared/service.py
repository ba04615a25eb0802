"""A service is a value. `Running` is one at work: its database, its bus, its loops and its transactions."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from fastapi import APIRouter, Request
from sqlalchemy import MetaData

from shared.bus import Bus
from shared.clock import Due
from shared.db import Database
from shared.events import Event
from shared.failures import is_outage
from shared.outbox import relay
from shared.refusals import Refusals, write_refusals
from shared.rotation import Sealed
from shared.schema import schema_of
from shared.settings import Settings
from shared.stalled import end_stalled
from shared.watch import watch
from shared.work import Work

log = structlog.get_logger()
E = TypeVar("E", bound=Event)
Handler = Callable[[Work[Any], Sequence[Any]], Awaitable[None]]
Loop = Callable[["Running"], Awaitable[None]]
T = TypeVar("T")

STOP_SECONDS = 8.0
LOOK_SECONDS = 1.0


class Handlers:
    """What a service hears: one function an event type, called with a batch in order."""

    def __init__(self) -> None:
        self.by_name: dict[str, tuple[type[Event], Handler]] = {}

    def on(self, event: type[E]) -> Callable[[Callable[[Work[Any], Sequence[E]], Awaitable[None]]], Handler]:
        def register(handler: Callable[[Work[Any], Sequence[E]], Awaitable[None]]) -> Handler:
            self.by_name[event.event_name] = (event, handler)
            return handler

        return register


@dataclass(frozen=True)
class Service:
    name: str
    settings: type[Settings]
    metadata: MetaData
    router: APIRouter
    handlers: Handlers
    loops: tuple[Loop, ...]
    open_tools: Callable[[Any], AbstractAsyncContextManager[Any]]
    due: tuple[Due, ...] = ()
    """When its rows are due, and how far ahead that can be."""
    sealed: tuple[Sealed, ...] = ()
    """Every column that holds secrets: what `rotate-key` seals anew."""
    rotated: Callable[[Work[Any]], Awaitable[None]] | None = None
    """Told after that, where others have copies."""
    signing_keys: Callable[["Running"], Awaitable[Any]] | None = None
    """Only the issuer of access tokens has this: the JSON Web Key Set that it publishes now."""

    @property
    def package(self) -> str:
        return self.name.replace("-", "_")


@asynccontextmanager
async def no_tools(_settings: Settings) -> AsyncGenerator[None]:
    """For a service that touches nothing but its database."""
    yield None


class Running(Generic[T]):
    """One service at work. Start it with `async with running.start():`."""

    def __init__(self, service: Service, settings: Settings, database: Database, bus: Bus) -> None:
        self.service = service
        self.settings: Any = settings
        self.database = database
        self.bus = bus
        self.tools: Any = None
        self.stopping = asyncio.Event()
        self.closing = asyncio.Event()  # no more requests are taken: answers without an end must end now
        self.migrated = False  # its tables are there; once true it is not asked again
        self.suits = False  # and readiness has seen that this release works with them
        self._looking = asyncio.Lock()
        self.heartbeats: dict[str, float] = {}
        self.refusals = Refusals()
        self._wakes: dict[str, asyncio.Event] = {}

    @property
    def name(self) -> str:
        return self.service.name

    @asynccontextmanager
    async def work(self, traces: Mapping[str, str] | None = None) -> AsyncGenerator[Work[T]]:
        """Opens a transaction, commits it at the end, then wakes the relay and whatever else has work."""
        async with self.database.transaction() as session:
            work: Work[T] = Work(session, self.tools, self.settings, self.name, traces)
            yield work
            await work.write_out()
        for name in work.wakes:
            self.wake(name)

    def refused(self, request: Request, status: int) -> None:
        """A request that was refused for want of a right (`shared.problems.REFUSALS`)."""
        self.refusals.note(request, status)
        self.wake("write_refusals")

    def wake(self, name: str) -> None:
        self._wakes.setdefault(name, asyncio.Event()).set()

    async def pause(self, seconds: float, name: str = "") -> None:
        """Sleeps until the time is over, somebody calls `wake(name)`, or the service stops."""
        self.beat(name, seconds)
        event = self._wakes.setdefault(name, asyncio.Event())
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)
        event.clear()
        self.beat(name)

    def beat(self, name: str, seconds: float = 0) -> None:
        """Only a loop's own pause is a sign of its life. One that means to sleep is not expected before."""
        if name in self.heartbeats:
            self.heartbeats[name] = time.monotonic() + seconds

    @asynccontextmanager
    async def start(self, *, loops: bool = True) -> AsyncGenerator[None]:
        """Opens the tools and, with `loops`, starts relay, consumer and loops; stops them in good order."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.database.close)
            self.tools = await stack.enter_async_context(self.service.open_tools(self.settings))
            tasks: list[asyncio.Task[None]] = []
            if loops:
                stack.push_async_callback(self._stop, tasks)
                every = {"relay": relay, "consumer": self.bus.consume, "write_refusals": write_refusals}
                if not self.database.is_sqlite:
                    every["end_stalled"] = end_stalled
                every |= {loop.__name__: loop for loop in self.service.loops}
                tasks += [asyncio.create_task(self._supervise(name, loop)) for name, loop in every.items()]
                tasks.append(asyncio.create_task(watch(self)))
            yield

    async def _supervise(self, name: str, loop: Loop) -> None:
        """Runs a loop until the service stops, whatever it raises."""
        await self._tables_there()
        pause = 0.1
        while not self.stopping.is_set():
            self.heartbeats[name] = time.monotonic()
            try:
                await loop(self)
                del self.heartbeats[name]  # its work is done: nothing more is expected of it
                return
            except asyncio.CancelledError:
                # a library may end our await with a cancellation that nobody asked for
                task = asyncio.current_task()
                if self.stopping.is_set() or (task is not None and task.cancelling()):
                    raise
                log.warning("loop_cancelled_from_within", service=self.name, loop=name)
            except Exception as error:
                level = log.warning if is_outage(error) else log.exception
                level("loop_failed", service=self.name, loop=name, error=type(error).__name__)
            await self.pause(pause + random.uniform(0, pause), f"{name} restart")  # noqa: S311
            pause = min(pause * 2, 5.0)

    async def _tables_there(self) -> None:
        """No loop starts on a database that is older than this release."""
        async with self._looking:
            while not self.migrated and not self.stopping.is_set():
                try:
                    found = await schema_of(self.service, self.database)
                    self.migrated = not found.behind
                except Exception as error:
                    log.warning("schema_not_seen", service=self.name, error=type(error).__name__)
                else:
                    if not self.migrated:
                        log.warning("waits_for_migration", service=self.name, detail=found.words())
                if not self.migrated:
                    await self.pause(LOOK_SECONDS, "migration")

    async def _stop(self, tasks: list[asyncio.Task[None]]) -> None:
        self.stopping.set()
        self.closing.set()
        for event in self._wakes.values():
            event.set()
        _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
