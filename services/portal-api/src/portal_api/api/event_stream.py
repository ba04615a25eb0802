"""An answer that never ends by itself: server-sent events, read from the table as fast as they are taken."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import pydantic_core
import structlog
from fastapi.responses import Response
from shared.failures import is_outage
from shared.service import Running
from shared.transaction import STREAMS
from starlette.types import Receive, Scope, Send

from portal_api.hub import Listener
from portal_api.queries.stream import News, newest, news

log = structlog.get_logger()

_RETRY = 3_000  # milliseconds until a listener comes again
_HEADERS = {"X-Accel-Buffering": "no"}
_END = b"event: end\ndata: {}\n\n"


class EventStream(Response):
    """`last` is the number of the last event that the listener has seen, as it says; None: from now on."""

    media_type = "text/event-stream"

    def __init__(self, running: Running[Any], listener: Listener, last: str | None) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._running, self._listener, self._last = running, listener, last

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[STREAMS] = True
        hub, slow = self._running.tools.hub, self._running.settings.stream_slow_seconds
        leaving = asyncio.create_task(_left(receive)), asyncio.create_task(self._running.closing.wait())
        hub.listeners.add(self._listener)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for frame in self._frames(leaving):
                async with asyncio.timeout(slow):
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            log.warning("stream_listener_too_slow", account=self._listener.audience.account)
        finally:
            hub.listeners.discard(self._listener)
            for task in leaving:
                task.cancel()
            await asyncio.gather(*leaving, return_exceptions=True)

    async def _frames(self, leaving: tuple[asyncio.Task[Any], ...]) -> AsyncGenerator[bytes]:
        """Ends when somebody leaves, the right to listen ends, or the database is lost."""
        settings, listener = self._running.settings, self._listener
        ends = min(listener.audience.ends or float("inf"), time.time() + settings.stream_seconds)
        try:
            position, first = await self._begin()
            yield first
            said = time.monotonic()
            while not any(task.done() for task in leaving):
                if listener.over or time.time() >= ends:
                    yield _END
                    return
                listener.bell.clear()
                async with self._running.database.read() as read:
                    found = await news(read, listener.audience, position)
                position = found.position
                silent = time.monotonic() - said >= settings.stream_heartbeat_seconds
                if frame := _frames_of(found, listener.audience.role, silent=silent):
                    yield frame
                    said = time.monotonic()
                if not found.more:
                    wait = said + settings.stream_heartbeat_seconds - time.monotonic()
                    await self._bell(leaving, min(wait, ends - time.time()))
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("stream_met_outage", error=type(error).__name__)

    async def _begin(self) -> tuple[int, bytes]:
        """Where to begin, and the first words. What is no number of ours is taken for one long gone."""
        if self._last is not None:
            position = int(self._last) if re.fullmatch(r"[0-9]{1,18}", self._last) else -1
            return position, f"retry: {_RETRY}\n\n".encode()
        async with self._running.database.read() as read:
            position = await newest(read)
        return position, f"retry: {_RETRY}\nid: {position}\n\n".encode()

    async def _bell(self, leaving: tuple[asyncio.Task[Any], ...], seconds: float) -> None:
        ringing = asyncio.create_task(self._listener.bell.wait())
        try:
            timeout = max(seconds, 0)
            await asyncio.wait({ringing, *leaving}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ringing.cancel()
            with suppress(asyncio.CancelledError):
                await ringing


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _frames_of(found: News, role: str, *, silent: bool) -> bytes:
    """A number alone moves the listener on: what happened meanwhile was not for it."""
    if found.gap:
        return b"id: %d\nevent: reset\ndata: {}\n\n" % found.position
    if found.rows:
        return b"".join(_frame(row, role) for row in found.rows)
    return b":\nid: %d\n\n" % found.position if silent else b""


def _frame(row: Any, role: str) -> bytes:
    data = {"type": row.type, "id": row.id, "subject": row.subject, "version": row.version}
    if not role.startswith("customer"):
        data["changed"] = row.changed
    return b"id: %d\ndata: %s\n\n" % (row.id, pydantic_core.to_json(data, exclude_none=True))
