"""What an event is: a frozen fact with a wire name, a version in that name, and its hearers.

The envelope uses the attribute names of CloudEvents 1.0; several envelopes travel as one message in its
JSON batch format (docs/decisions/0003). Change an event by adding optional fields; anything else is a new
class whose name ends in `.v2`, and both are sent for one release.
"""

from datetime import UTC, datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """A value inside an event: frozen, and deaf to fields that a newer sender added."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Event(Record):
    """Base of all events. `heard_by` names the services that must get it: the bus declares a queue for each
    before the first publish, so an event is never lost because its hearer has not yet been started."""

    registry: ClassVar[dict[str, type["Event"]]] = {}
    event_name: ClassVar[str] = ""
    heard_by: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, name: str = "", heard_by: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not name:
            return
        if name in Event.registry:
            raise TypeError(f"two events are called {name}")
        cls.event_name, cls.heard_by = name, heard_by
        Event.registry[name] = cls


class Envelope(BaseModel):
    """One event on its way. `subject` is the id of the thing it is about; `data` is the event as JSON;
    `installation` says whose it is (an attribute of ours, which CloudEvents allows)."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    id: UUID
    source: str
    type: str
    subject: str
    time: datetime = Field(default_factory=lambda: datetime.now(UTC))
    traceparent: str | None = None
    installation: str | None = None
    data: dict[str, Any]
    specversion: str = "1.0"
    datacontenttype: str = "application/json"

    def event(self) -> Event:
        """The typed event. Raises KeyError (unknown type) or ValidationError."""
        return Event.registry[self.type].model_validate(self.data)

    @classmethod
    def wrap(cls, event: Event, *, id: UUID, source: str, subject: str, traceparent: str | None) -> Self:
        return cls(
            id=id,
            source=source,
            type=event.event_name,
            subject=subject,
            traceparent=traceparent,
            data=event.model_dump(mode="json", exclude_none=True),
        )
