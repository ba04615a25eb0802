"""Work: all that a use case may do. A transaction, events that go out with it, an audit row, the tools."""

import contextvars
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.batches import insert_rows
from shared.db import utcnow, uuid7
from shared.events import Event
from shared.settings import Settings
from shared.tables import audit, outbox
from shared.wire import trace_of, write

T = TypeVar("T")

traceparent: contextvars.ContextVar[str | None] = contextvars.ContextVar("traceparent", default=None)


class Work(Generic[T]):
    """One transaction of one service. `now` is the time of all that happens in it."""

    def __init__(
        self,
        session: AsyncSession,
        tools: T,
        settings: Settings,
        source: str,
        traces: Mapping[str, str] | None = None,
    ) -> None:
        self.session = session
        self.tools = tools
        self.settings: Any = settings
        self.now: datetime = utcnow()
        self._time = self.now.isoformat()
        self._source = source
        self._traces = traces or {}
        self._outbox: list[dict[str, Any]] = []
        self._audit: list[dict[str, Any]] = []
        self.wakes: set[str] = set()

    def wake(self, loop: str) -> None:
        """Wakes one of the service's loops (`running.pause(…, loop)`) once this transaction has committed."""
        self.wakes.add(loop)

    def emit(self, event: Event, subject: UUID | str) -> UUID:
        """Sends the event if, and only if, this transaction commits. `subject` is what it is about."""
        return self.emit_json(type(event), event.model_dump_json(exclude_none=True), subject)

    def emit_json(self, event: type[Event], data: str, subject: UUID | str) -> UUID:
        """The same for an event that already is JSON (the hot path of mails, which another process read)."""
        event_id, about = uuid7(), str(subject)
        head = {
            "specversion": "1.0",
            "id": str(event_id),
            "source": self._source,
            "type": event.event_name,
            "subject": about,
            "time": self._time,
            "datacontenttype": "application/json",
            "installation": self.settings.installation or None,
            "traceparent": trace_of(self._traces.get(about) or traceparent.get()),
        }
        body = write(head, data)
        self.wake("relay")
        self._outbox.append({"name": event.event_name, "body": body, "due_at": self.now, "attempts": 0})
        return event_id

    def audit(
        self, *, who: str, action: str, subject: UUID | str, before: Any = None, after: Any = None
    ) -> None:
        """One row of the append-only trail. `before` and `after` hold no secrets."""
        row = {"at": self.now, "who": who, "action": action, "subject": str(subject)}
        self._audit.append({**row, "before": before, "after": after})

    async def write_out(self) -> None:
        """Called once, right before the commit."""
        if self._outbox:
            await insert_rows(self.session, outbox, self._outbox)
        if self._audit:
            await self.session.execute(insert(audit), self._audit)
