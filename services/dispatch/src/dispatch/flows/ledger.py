"""The ledger of what partners are told: one row a status change, in the transaction of the change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from shared.db import uuid7
from shared.problems import conflict
from shared.work import Work
from sqlalchemy import insert, update

from dispatch.models import delivery, dispatch
from dispatch.queries import Association, associations, next_window

Cause = Literal["change", "appointment", "repeat"]


def entry(
    row: Mapping[Any, Any],
    association: Association | None,
    *,
    now: datetime,
    cause: Cause = "change",
    changed_at: datetime | None = None,
    appointment_at: datetime | None = None,
    note: str | None = None,
) -> dict[str, Any] | None:
    """The ledger's row for the dispatch as it now stands; None where its partner is not told of that
    status."""
    code = association.map.partner_code(row["status"]) if association else None
    if association is None or code is None:
        return None
    times = {"change": changed_at or now, "appointment": appointment_at, None: None}
    return {
        "id": uuid7(),
        "dispatch_id": row["id"],
        "version": row["version"],
        "partner": row["partner"],
        "number": row["number"],
        "status": row["status"],
        "partner_code": code.code,
        "partner_name": code.name,
        "association": association.version,
        "cause": cause,
        "carries": times[code.time],
        "zone": row["zone"],
        "note": note,
        "state": "queued",
        "attempts": 0,
        "due_at": now,
        "created_at": now,
    }


async def tell(
    work: Work[Any],
    row: Mapping[Any, Any],
    *,
    cause: Cause,
    changed_at: datetime | None = None,
    note: str | None = None,
) -> bool:
    """Queues the status of one dispatch for its partner. Raises a 409 problem where the partner's code
    carries the time of an appointment that is not set. False: the partner is not told of this status."""
    if row["partner"] is None:
        return False
    found = (await associations(work.session, [row["partner"]])).get(row["partner"])
    code = found.map.partner_code(row["status"]) if found else None
    start = None
    if code is not None and code.time == "appointment":
        start, _ = await next_window(work.session, row["id"], work.now)
        if start is None:
            raise conflict("Set the appointment first", f"The partner's code {code.code} carries its time.")
    new = entry(row, found, now=work.now, cause=cause, changed_at=changed_at, appointment_at=start, note=note)
    if new is None:
        return False
    await work.session.execute(insert(delivery), [new])
    await work.session.execute(update(dispatch).where(dispatch.c.id == row["id"]).values(told_at=work.now))
    work.wake("deliver")
    return True
