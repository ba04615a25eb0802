"""What a person does about differences of the day, and about gateways' calls that could not be applied."""

from typing import Any
from uuid import UUID

from shared.etag import check_version
from shared.problems import conflict, not_found
from shared.work import Work
from sqlalchemy import select, update

from payments.flows.traces import settle_alerts
from payments.models import difference, webhook

AGAIN = ("received", "kept", "unmatched", "failed")


async def settle(work: Work[Any], *, id: UUID, based_on: int, note: str, who: str) -> None:
    """Says why a difference is none; its alert is settled with it. Raises 404, 409 where it is settled."""
    query = select(difference).where(difference.c.id == id).with_for_update()
    row = (await work.session.execute(query)).one_or_none()
    if row is None:
        raise not_found("difference")
    check_version(based_on, row.version)
    if row.settled_at is not None:
        raise conflict("This difference is settled already")
    values = {"settled_at": work.now, "settled_by": who, "note": note, "version": row.version + 1}
    await work.session.execute(update(difference).where(difference.c.id == id).values(values))
    await settle_alerts(work, id, who=who, note=note)
    work.audit(who=who, action="difference.settled", subject=id, after={"note": note})


async def try_again(work: Work[Any], *, id: UUID, who: str) -> None:
    """Has a gateway's call applied once more. Raises 404, 409 where it was applied, or is of no interest."""
    row = (
        await work.session.execute(select(webhook).where(webhook.c.id == id).with_for_update())
    ).one_or_none()
    if row is None:
        raise not_found("call of a gateway")
    if row.state not in AGAIN:
        raise conflict("This was applied already, or is of no interest")
    again = update(webhook).where(webhook.c.id == id).values(state="received", tries=0, due_at=work.now)
    await work.session.execute(again)
    work.audit(who=who, action="gateway_call.retried", subject=id)
    work.wake("webhooks")
