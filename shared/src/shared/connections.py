"""What one connection of a client may cost (docs/decisions/0021): a request that is sent too slowly is ended,
and so is an answer that nobody reads. Where there are too many, the one that has waited longest for its
request makes room for the next. So neither can silence a probe."""

import asyncio
import resource
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = structlog.get_logger()

SEND_SECONDS = 15.0
"""In which a request has to be here, and one second more for each kilobyte of it that is."""
READ_SECONDS = 60.0
"""An answer that is not taken for this long is given up."""
HEAD_BYTES = 65_536
MOST = 4096
"""Connections at once; fewer where the process may open fewer files."""

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def most() -> int:
    """Four fifths of what may be open: databases, broker and mail servers need some, too."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if files == resource.RLIM_INFINITY else min(MOST, files * 4 // 5)


class Connection(HttpToolsProtocol):
    """uvicorn's, with bounds. `begun`: since when a request is awaited, None between two. `headed`,
    `whole`: its head is here, all of it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.begun: float | None = self.loop.time()
        self.received, self.headed, self.whole = 0, False, False
        self.unread: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        if len(self.connections) > most():
            waiting = [each for each in self.connections if isinstance(each, Connection) and not each.whole]
            oldest = min(waiting, key=lambda each: each.begun or 0.0)
            log.warning("connections_full", most=most())
            oldest.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.begun is None:
            self.begun = self.loop.time()
        self.received += len(data)
        super().data_received(data)
        if not self.headed and self.received > HEAD_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        self.begun = self.loop.time()
        self.received, self.headed, self.whole = 0, False, False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.headed = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.whole = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self.whole and not self.pipeline:  # else the next request has begun, or this one was refused early
            self.begun, self.whole = None, False
        super().on_response_complete()

    def pause_writing(self) -> None:
        self.unread = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.unread = None
        super().resume_writing()

    def end_if_late(self, now: float) -> None:
        if self.unread is not None and now - self.unread > READ_SECONDS:
            self.transport.abort()
        elif self._is_late(now):
            if not self.headed:
                self.transport.write(_TOO_SLOW)
                self.transport.close()
            self.loop.call_later(1, self.transport.abort)
            self.begun = None

    def _is_late(self, now: float) -> bool:
        if self.begun is None or self.whole:
            return False
        return now - self.begun > SEND_SECONDS + self.received / 1000
