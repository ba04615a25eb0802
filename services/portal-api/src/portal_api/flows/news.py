"""What was heard is told on: to webhooks and to the live stream."""

from collections.abc import Sequence
from typing import Any

from shared.events import Event
from shared.work import Work

from portal_api.flows import stream, webhooks


async def tell(work: Work[Any], events: Sequence[Event]) -> None:
    """Events of one type, in the order in which they were heard. Called after the records were kept."""
    await webhooks.note(work, events)
    await stream.note(work, events)
