"""Events in: one transaction a batch, the inbox first. A batch that fails is replayed one by one, so that
one bad event is buried and its neighbours commit."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from shared.batches import insert_rows
from shared.events import Event
from shared.failures import is_outage
from shared.fault import fault
from shared.tables import inbox
from shared.telemetry import BURIED, CONSUMED, span
from shared.wire import complaint, label, trace_of, traces

if TYPE_CHECKING:
    from shared.service import Running

log = structlog.get_logger()

ATTEMPTS = 5


async def deliver(running: "Running[Any]", found: Sequence[Any]) -> int:
    """Handles every envelope or buries it, and what is no envelope; how many were buried. Raises only when
    the database or the bus is out of reach; the same may then be delivered again."""
    complaints = [complaint(each, running.settings.installation) for each in found]
    good = [each for each, wrong in zip(found, complaints, strict=True) if not wrong]
    buried = 0
    try:
        await _handle(running, good)
    except Exception as error:
        if is_outage(error):
            raise
        for envelope in good:
            buried += await _deliver_one(running, envelope)
    for each, wrong in zip(found, complaints, strict=True):
        if wrong:
            buried += await _bury(running, each, f"This is no event: {wrong}.")
    return buried


async def _deliver_one(running: "Running[Any]", envelope: dict[str, Any]) -> int:
    reason = ""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await _handle(running, [envelope])
        except Exception as error:
            if is_outage(error):
                raise
            reason = f"{type(error).__name__}: {error}"[:2000]
            about = {"service": running.name, "name": envelope["type"], "id": envelope["id"]}
            log.warning("event_failed", **about, attempt=attempt, error=type(error).__name__)
        else:
            return 0
        await asyncio.sleep(0.05 * 2**attempt if attempt < ATTEMPTS else 0)
    return await _bury(running, envelope, reason)


async def _bury(running: "Running[Any]", found: Any, reason: str) -> int:
    await running.bus.bury(running, found, reason)
    id, name = label(found)
    BURIED.labels(running.name, name if name in Event.registry else "unknown").inc()
    log.error("event_buried", service=running.name, name=name, id=str(id))
    return 1


async def _handle(running: "Running[Any]", envelopes: Sequence[dict[str, Any]]) -> None:
    if not envelopes:
        return
    first = trace_of(envelopes[0].get("traceparent"))
    with span(f"{running.name} consume", first, events=len(envelopes)):
        await _transact(running, envelopes, traces(envelopes))
    fault(f"after_{running.name}_commit")


async def _transact(
    running: "Running[Any]", envelopes: Sequence[dict[str, Any]], known_traces: dict[str, str]
) -> None:
    async with running.work(known_traces) as work:
        ids = dict.fromkeys(UUID(envelope["id"]) for envelope in envelopes)
        rows = [{"event_id": event_id, "received_at": work.now} for event_id in ids]
        new = await insert_rows(work.session, inbox, rows, ignore=["event_id"], returning=["event_id"])
        fresh = {row.event_id for row in new}
        # the same event may come twice in one batch: it is handled where it came first
        waiting = {id: each for each in reversed(envelopes) if (id := UUID(each["id"])) in fresh}
        in_turn = [waiting[id] for id in ids if id in fresh]
        for name, group in itertools.groupby(in_turn, key=lambda envelope: envelope["type"]):
            known = running.service.handlers.by_name.get(name)
            if known is None:
                continue  # a newer sender's event: this version of the service does not need it
            event, handler = known
            events = [event.model_validate(envelope["data"]) for envelope in group]
            await handler(work, events)
            CONSUMED.labels(running.name, name).inc(len(events))
