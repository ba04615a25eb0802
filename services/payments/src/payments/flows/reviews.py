"""What a person decides."""

from typing import Any
from uuid import UUID

from shared.etag import check_version
from shared.problems import Problem, conflict, not_found
from shared.work import Work
from sqlalchemy import select, update

from payments.flows.outcomes import apply_charge, locked
from payments.flows.traces import Heard
from payments.gateways.base import Outcome, Result
from payments.models import alert

_SAID: dict[str, Outcome] = {"succeeded": "approved", "declined": "declined", "failed": "error"}


async def decide(
    work: Work[Any], *, id: UUID, based_on: int, outcome: str, gateway_ref: str | None, note: str, who: str
) -> None:
    """Ends a review. Raises 409 for an attempt that is in none, or a reference that another attempt has."""
    row = await locked(work, id)
    check_version(based_on, row.version)
    if row.state not in ("needs_review", "unknown"):
        raise conflict("There is nothing to decide about this payment")
    if outcome == "succeeded" and not (gateway_ref or row.gateway_ref):
        raise Problem(422, "Name the gateway's reference of the payment", "It is in the gateway's own list.")
    result = Result(
        outcome=_SAID[outcome],
        gateway_ref=gateway_ref if outcome == "succeeded" else None,
        message=note[:300],
        captured=row.kind == "sale" or None,
    )
    state = await apply_charge(work, attempt_id=id, heard=Heard(result, "person", "person", who))
    if state in ("needs_review", "unknown"):
        raise conflict("This reference belongs to another payment", "Look for the right one.")
    after = {"outcome": outcome, "gateway_ref": gateway_ref, "note": note}
    work.audit(who=who, action="attempt.decided", subject=id, before={"state": row.state}, after=after)
    open_alerts = update(alert).where(alert.c.attempt_id == id, alert.c.settled_at.is_(None))
    await work.session.execute(
        open_alerts.values(settled_at=work.now, settled_by=who, version=alert.c.version + 1)
    )


async def settle_alert(work: Work[Any], *, id: UUID, based_on: int, note: str | None, who: str) -> None:
    query = select(alert).where(alert.c.id == id).with_for_update()
    row = (await work.session.execute(query)).one_or_none()
    if row is None:
        raise not_found("alert")
    check_version(based_on, row.version)
    values = {"settled_at": work.now, "settled_by": who, "note": note, "version": row.version + 1}
    await work.session.execute(update(alert).where(alert.c.id == id).values(values))
    work.audit(who=who, action="alert.settled", subject=id, after={"note": note})
