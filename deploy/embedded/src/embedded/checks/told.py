"""What goes out: status updates to partners, events between the services."""

import json
from collections.abc import Iterable
from datetime import datetime

from dispatch.models import alert, delivery, partner_account
from shared.backlog import said_at
from shared.tables import dead_letter, outbox, parked
from shared.wire import label, read_one
from sqlalchemy import exists, select, tuple_

from embedded.checks.base import Books, Check, check, rows_of


async def deliveries_settle(books: Books) -> Check:
    """Settled, or waiting with its next try in sight; a refusal is known to a person."""
    told = exists().where(partner_account.c.partner == delivery.c.partner, partner_account.c.enabled)
    warned = exists().where(alert.c.delivery_id == delivery.c.id)
    late = select(delivery, told.label("told")).where(delivery.c.settled_at.is_(None))
    silent = select(delivery).where(delivery.c.state.in_(("refused", "given_up")), ~warned)
    found: list[tuple[str, datetime | None]] = []
    for row in await rows_of(books.dispatch, late):
        until = (
            f"next try {row.due_at:%Y-%m-%d %H:%M:%S} UTC" if row.told else f"{row.partner} has no account"
        )
        since = max(row.due_at, row.created_at) if row.told else books.now
        found.append((f"dispatch {row.number}: {row.status} is {row.state}, {until}", since))
    for row in await rows_of(books.dispatch, silent):
        found.append((f"dispatch {row.number}: {row.status} is {row.state} and nobody was told", None))
    return check(books, "every status update is settled or has its next try", found)


async def deliveries_keep_their_order(books: Books) -> Check:
    before = delivery.alias()
    overtaken = exists().where(
        before.c.dispatch_id == delivery.c.dispatch_id,
        before.c.settled_at.is_(None),
        tuple_(before.c.version, before.c.id) < tuple_(delivery.c.version, delivery.c.id),
    )
    rows = await rows_of(
        books.dispatch, select(delivery).where(delivery.c.settled_at.is_not(None), overtaken)
    )
    found = [(f"dispatch {row.number}: {row.status} went before an earlier one", None) for row in rows]
    return check(books, "status updates of a dispatch go in order", found)


async def events_went_out(books: Books) -> Check:
    found: list[tuple[str, datetime | None]] = []
    for service, connection in zip(("mail-ingest", "dispatch", "customer"), books[:3], strict=True):
        for row in await rows_of(connection, select(outbox.c.name, outbox.c.body)):
            id, since = label(read_one(row.body))[0], said_at(row.body)
            found.append((f"{service}: {row.name} {id}", since))
        for row in await rows_of(connection, select(parked)):
            found.append((f"{service}: {row.name} {row.id} is not taken: {row.reason}", None))
    return check(books, "every event went out", found)


async def events_were_handled(books: Books) -> Check:
    found: list[tuple[str, datetime | None]] = []
    for service, connection in zip(("mail-ingest", "dispatch", "customer"), books[:3], strict=True):
        for row in await rows_of(connection, select(dead_letter)):
            found.append((f"{service}: {row.name} {row.id}: {row.reason}", None))
    return check(books, "every event was handled", found)


async def simulator_agrees(books: Books, lines: Iterable[str]) -> Check:
    """What the simulated partner booked, and what it is said to have accepted. A booked update whose answer
    was lost is on its way."""
    booked = {line["updateId"] for line in map(json.loads, lines) if line["booked"]}
    sent = {str(row.id): row for row in await rows_of(books.dispatch, select(delivery))}
    found = [(f"the partner booked {id}, which nobody sent", None) for id in booked - sent.keys()]
    found += [
        (f"dispatch {row.number}: {row.status} counts as accepted, but the partner has it not", None)
        for id, row in sent.items()
        if row.state == "accepted" and id not in booked
    ]
    return check(books, "the simulated partner's ledger agrees", found)
