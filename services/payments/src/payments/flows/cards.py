"""Cards kept at the gateway: saved with their owner's consent, removed by the office or by the owner."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from shared.db import Row, uuid7
from shared.events.money import CardRemovalAsked, SavedCardChanged
from shared.problems import conflict, not_found
from shared.secrets import seal
from shared.service import Running
from shared.work import Work
from sqlalchemy import ColumnElement, insert, select, update

from payments.flows.calls import open_case
from payments.models import attempt, saved_card
from payments.tools import Tools, guarded


async def keep_card(
    running: Running[Tools], attempt_id: UUID, who: str, *, consent: str | None, expires: str | None
) -> Row:
    """`expires` is what the office read, for gateways that do not say. Raises 404, and 409 where there is no
    card to keep or the gateway keeps none."""
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
        row |= {"expires": result.refs.get("expires") or expires, "consent": consent, "version": 1}
        row |= {"saved_by": who, "created_at": work.now}
        await work.session.execute(insert(saved_card), [row])
        work.audit(
            who=who, action="card.saved", subject=id, after={"last4": row["last4"], "consent": consent}
        )
        return await _told(work, id)


async def remove_card(work: Work[Any], *, id: UUID, who: str) -> None:
    """From now on it cannot be charged. Raises 404 for a card that is not there (any more)."""
    if not await _remove(work, saved_card.c.id == id, who):
        raise not_found("saved card")


async def hear_removals(work: Work[Any], events: Sequence[CardRemovalAsked]) -> None:
    """Asked for by the cards' owners. A card that was removed before is told again, so that they see it."""
    for event in events:
        this = (saved_card.c.id == event.card_id) & (saved_card.c.debtor_id == event.customer_id)
        if await _remove(work, this, str(event.asked_by)):
            continue
        if (await work.session.execute(select(saved_card.c.id).where(this))).first() is not None:
            await _told(work, event.card_id)


async def forget_removed(work: Work[Any]) -> None:
    """The gateway's name of a removed card goes a day later: until then a charge that was on its way when the
    card was removed can still be looked up."""
    old = saved_card.c.closed & (saved_card.c.removed_at < work.now - timedelta(days=1))
    gone = update(saved_card).where(old, saved_card.c.sealed != "").values(sealed="")
    await work.session.execute(gone)


async def _remove(work: Work[Any], this: ColumnElement[bool], who: str) -> bool:
    over = {"closed": True, "removed_at": work.now, "removed_by": who, "version": saved_card.c.version + 1}
    done = update(saved_card).where(this, ~saved_card.c.closed).values(**over).returning(saved_card.c.id)
    id = (await work.session.execute(done)).scalar()
    if id is None:
        return False
    await _told(work, id)
    work.audit(who=who, action="card.removed", subject=id)
    return True


async def _told(work: Work[Any], id: UUID) -> Row:
    row = (await work.session.execute(select(saved_card).where(saved_card.c.id == id))).one()
    event = SavedCardChanged(
        card_id=id,
        version=row.version,
        customer_id=row.debtor_id,
        brand=row.brand,
        last4=row.last4,
        expires=row.expires,
        removed=row.closed,
    )
    work.emit(event, id)
    return row
