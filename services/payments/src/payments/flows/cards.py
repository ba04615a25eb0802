"""Cards kept at the gateway."""

from uuid import UUID

from pydantic import SecretStr
from shared.db import Row, uuid7
from shared.problems import conflict, not_found
from shared.secrets import seal
from shared.service import Running
from sqlalchemy import insert, select

from payments.flows.calls import open_case
from payments.models import attempt, saved_card
from payments.tools import Tools, guarded


async def keep_card(running: Running[Tools], attempt_id: UUID, who: str) -> Row:
    """Raises 404, and 409 where there is no card to keep or the gateway keeps none."""
    async with running.database.read() as read:
        if (await read.execute(select(attempt.c.id).where(attempt.c.id == attempt_id))).first() is None:
            raise not_found("payment attempt")
    case = await open_case(running, attempt_id)
    if case.row.state not in ("succeeded", "authorized") or not case.row.gateway_ref:
        raise conflict("There is no payment whose card could be kept")
    if not case.gateway.capabilities.saved_cards:
        raise conflict("This card service keeps no cards")
    customer = case.row.debtor_id.hex
    id = uuid7()
    result = await guarded(
        running.settings, case.gateway.save_card(case.row.gateway_ref, customer, request_id=id.hex)
    )
    token = result.refs.get("vault_token")
    if result.outcome != "approved" or not token:
        raise conflict("The card service did not keep the card", result.message)
    async with running.work() as work:
        row = {"id": id, "debtor_id": case.row.debtor_id, "account_id": case.row.account_id}
        row |= {"sealed": seal(running.settings, SecretStr(token), f"saved_card/{id}"), "closed": False}
        row |= {"brand": result.brand or case.row.brand, "last4": result.last4 or case.row.last4}
        row |= {"saved_by": who, "created_at": work.now}
        await work.session.execute(insert(saved_card), [row])
        work.audit(who=who, action="card.saved", subject=id, after={"last4": row["last4"]})
        return (await work.session.execute(select(saved_card).where(saved_card.c.id == id))).one()
