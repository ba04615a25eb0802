"""What other services found out about dispatches."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.batches import update_rows
from shared.db import uuid7
from shared.events.customer import CustomerMatched
from shared.events.dispatch import DispatchMentioned, dispatch_id
from shared.work import Work
from sqlalchemy import insert, select, update

from dispatch.flows.early import keep, mentioned
from dispatch.models import alert, dispatch


async def match(work: Work[Any], events: Sequence[CustomerMatched]) -> None:
    """Whose dispatch it is and on which clock its times are. An answer older than the one that stands is
    left."""
    newest: dict[Any, CustomerMatched] = {}
    for event in events:
        if event.dispatch_id not in newest or newest[event.dispatch_id].match_version < event.match_version:
            newest[event.dispatch_id] = event
    rows = [
        {
            "id": id,
            "customer_id": event.customer_id,
            "location_id": event.location_id,
            "bill_to_id": event.bill_to_id,
            "zone": event.zone,
            "match_state": event.state,
            "match_score": event.score,
            "match_version": event.match_version,
        }
        for id, event in sorted(newest.items())
    ]
    await update_rows(work.session, dispatch, rows, newer="match_version")
    unknown = {id: event.unknown_payer for id, event in newest.items() if event.unknown_payer}
    if unknown:
        await _payers_unknown(work, unknown)


async def _payers_unknown(work: Work[Any], unknown: dict[UUID, str]) -> None:
    """One alert a dispatch: the mailbox bills somebody who is no customer."""
    before = select(alert.c.dispatch_id).where(
        alert.c.dispatch_id.in_(unknown), alert.c.kind == "payer_unknown"
    )
    told = set((await work.session.scalars(before)).all())
    here = select(dispatch.c.id).where(dispatch.c.id.in_(unknown)).order_by(dispatch.c.id)
    ids = [id for id in (await work.session.scalars(here)).all() if id not in told]
    text = (
        'The mailbox bills "{}", who is not among the customers; the partner\'s own payer was taken. '
        "Choose one of the customers of kind partner for the mailbox."
    )
    rows = [
        {
            "id": uuid7(),
            "dispatch_id": id,
            "kind": "payer_unknown",
            "text": text.format(unknown[id]),
            "at": work.now,
        }
        for id in ids
    ]
    if rows:
        await work.session.execute(insert(alert), rows)
        attention = update(dispatch).where(dispatch.c.id.in_(ids)).values(needs_attention=True)
        await work.session.execute(attention)


async def mention(work: Work[Any], events: Sequence[DispatchMentioned]) -> None:
    """A mail without a document spoke of a dispatch: a person must look, at once or when the dispatch comes.
    A mail that is read again raises no second alert."""
    ids = {dispatch_id(event.partner, event.number) for event in events}
    statement = select(dispatch.c.id).where(dispatch.c.id.in_(ids)).order_by(dispatch.c.id).with_for_update()
    known = set((await work.session.execute(statement)).scalars())
    before = select(alert.c.dispatch_id, alert.c.mail_id).where(
        alert.c.dispatch_id.in_(known), alert.c.kind == "mentioned"
    )
    told = {(row.dispatch_id, row.mail_id) for row in await work.session.execute(before)}
    raised: dict[tuple[UUID, UUID], dict[str, Any]] = {}
    waiting: list[DispatchMentioned] = []
    for event in events:
        id = dispatch_id(event.partner, event.number)
        if id not in known:
            waiting.append(event)
        elif (id, event.mail_id) not in told:
            raised[id, event.mail_id] = mentioned(work, id, event)
    await keep(work, waiting)
    if raised:
        await work.session.execute(insert(alert), list(raised.values()))
        about = {id for id, _ in raised}
        attention = update(dispatch).where(dispatch.c.id.in_(about)).values(needs_attention=True)
        await work.session.execute(attention)
