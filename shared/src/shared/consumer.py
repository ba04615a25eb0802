"""Events in: one transaction a batch, the inbox first. A batch that fails is replayed one by one, so that
one bad event is buried and its neighbours commit."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from shared.batches import insert_rows
from shared.failures import is_outage
from shared.fault import fault
from shared.tables import inbox
from shared.telemetry import BURIED, CONSUMED, span

if TYPE_CHECKING:
    from shared.service import Running

log = structlog.get_logger()

ATTEMPTS = 5


async def deliver(running: "Running[Any]", envelopes: Sequence[dict[str, Any]]) -> None:
    """Handles every envelope or buries it. Raises only when the database or the bus is out of reach;
    the same envelopes may then be delivered again."""
    try:
        await _handle(running, envelopes)
    except Exception as error:
        if is_outage(error):
            raise
        for envelope in envelopes:
            await _deliver_one(running, envelope)


async def _deliver_one(running: "Running[Any]", envelope: dict[str, Any]) -> None:
    reason = ""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await _handle(running, [envelope])
        except Exception as error:
            if is_outage(error):
                raise
            reason = f"{type(error).__name__}: {error}"[:2000]
            log.warning(
                "event_failed",
                service=running.name,
                name=envelope.get("type"),
                id=envelope.get("id"),
                attempt=attempt,
                error=type(error).__name__,
            )
        await asyncio.sleep(0.05 * 2**attempt if attempt < ATTEMPTS else 0)
    await running.bus.bury(running, envelope, reason)
    BURIED.labels(running.name, str(envelope.get("type"))).inc()
    log.error("event_buried", service=running.name, name=envelope.get("type"), id=envelope.get("id"))
    return None


async def _handle(running: "Running[Any]", envelopes: Sequence[dict[str, Any]]) -> None:
    traces = {e["subject"]: e["traceparent"] for e in envelopes if e.get("traceparent")}
    first = envelopes[0].get("traceparent") if envelopes else None
    with span(f"{running.name} consume", first, events=len(envelopes)):
        await _transact(running, envelopes, traces)
    fault(f"after_{running.name}_commit")


async def _transact(
    running: "Running[Any]", envelopes: Sequence[dict[str, Any]], traces: dict[str, str]
) -> None:
    async with running.work(traces) as work:
        ids = dict.fromkeys(UUID(envelope["id"]) for envelope in envelopes)
        rows = [{"event_id": event_id, "received_at": work.now} for event_id in ids]
        new = await insert_rows(work.session, inbox, rows, ignore=["event_id"], returning=["event_id"])
        fresh = {row.event_id for row in new}
        waiting = [e for e in envelopes if UUID(e["id"]) in fresh]
        for name, group in itertools.groupby(waiting, key=lambda envelope: envelope["type"]):
            known = running.service.handlers.by_name.get(name)
            if known is None:
                continue  # a newer sender's event: this version of the service does not need it
            event, handler = known
            events = [event.model_validate(envelope["data"]) for envelope in group]
            await handler(work, events)
            CONSUMED.labels(running.name, name).inc(len(events))
