"""What other services found out about dispatches."""

from collections.abc import Sequence
from typing import Any

import structlog
from shared.batches import update_rows
from shared.db import uuid7
from shared.events.customer import CustomerMatched
from shared.events.dispatch import DispatchMentioned, dispatch_id
from shared.work import Work
from sqlalchemy import insert, select, update

from dispatch.models import alert, dispatch

log = structlog.get_logger()


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


async def mention(work: Work[Any], events: Sequence[DispatchMentioned]) -> None:
    """A mail without a document spoke of a dispatch: a person must look. Unknown numbers are only logged."""
    ids = {dispatch_id(event.partner, event.number) for event in events}
    statement = select(dispatch.c.id).where(dispatch.c.id.in_(ids)).order_by(dispatch.c.id).with_for_update()
    known = set((await work.session.execute(statement)).scalars())
    raised: list[dict[str, Any]] = []
    for event in events:
        id = dispatch_id(event.partner, event.number)
        if id not in known:
            log.info("unknown_dispatch_mentioned", partner=event.partner, number=event.number)
            continue
        row = {"id": uuid7(), "dispatch_id": id, "kind": "mentioned", "mail_id": event.mail_id}
        raised.append({**row, "text": f'A mail says: "{event.subject[:300]}"', "at": work.now})
    if raised:
        await work.session.execute(insert(alert), raised)
        attention = update(dispatch).where(dispatch.c.id.in_(known)).values(needs_attention=True)
        await work.session.execute(attention)
