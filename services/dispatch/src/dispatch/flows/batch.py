"""What a batch of received dispatches reads before, and writes at once after."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.batches import insert_tables, one_of, update_rows
from shared.db import upsert
from shared.events.dispatch import DispatchContent, DispatchReceived
from shared.work import Work
from sqlalchemy import select

from dispatch.models import alert, delivery, dispatch, history, received, status_code
from dispatch.outcomes import Known
from dispatch.queries import Association, associations, default_technician

Answer = tuple[bytes | None, str, str | None]
_APPLIED = ("processed", "updated", "cancelled")
_KEPT = frozenset({"board", "id", "partner", "number", "received_at", "bill_to", "content", "as_sent"})


@dataclass(slots=True)
class Standing:
    """One dispatch while its batch is worked on. `row` has the columns to write, the contents are typed here;
    `seen` are the keys of all contents that were ever applied to it. `first` is the mail that made it, while
    the key of that mail's content is still to be found."""

    row: dict[str, Any]
    known: bool
    content: DispatchContent | None = None
    as_sent: DispatchContent | None = None
    seen: set[bytes] = field(default_factory=set[bytes])
    first: dict[str, Any] | None = None

    def judged_against(self) -> Known | None:
        if self.content is None:
            return None
        return Known(self.content, self.row["cancelled_by_partner"], self.as_sent)


@dataclass(slots=True)
class Batch:
    """`answers` are those that the batch's mails got before: content key, outcome and reason."""

    standing: dict[UUID, Standing]
    answers: dict[UUID, Answer]
    associations: dict[str, Association]
    technician: UUID | None
    closing: frozenset[str]
    changed: dict[UUID, Standing] = field(default_factory=dict[UUID, Standing])
    received: dict[UUID, dict[str, Any]] = field(default_factory=dict[UUID, dict[str, Any]])
    history: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    alerts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    deliveries: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


async def load(work: Work[Any], events: Sequence[DispatchReceived], ids: Sequence[UUID]) -> Batch:
    """Locks the dispatches of the batch in the order of their ids, so that two batches cannot wait for each
    other."""
    session = work.session
    known = (
        select(dispatch)
        .where(one_of(session, dispatch.c.id, set(ids)))
        .order_by(dispatch.c.id)
        .with_for_update()
    )
    standing = {row["id"]: _standing(dict(row)) for row in (await session.execute(known)).mappings()}
    heard = select(received).where(one_of(session, received.c.mail_id, {event.mail_id for event in events}))
    applied = select(received).where(one_of(session, received.c.dispatch_id, standing.keys()))
    answers: dict[UUID, Answer] = {}
    for row in (await session.execute(heard.union(applied) if standing else heard)).mappings():
        answers[row["mail_id"]] = (row["content_key"], row["outcome"], row["reason"])
        found = standing.get(row["dispatch_id"])
        if found is None or row["outcome"] not in _APPLIED:
            continue
        if row["content_key"] is None:
            found.first = dict(row)
        else:
            found.seen.add(row["content_key"])
    closing = select(status_code.c.code).where(status_code.c.closes)
    return Batch(
        standing,
        answers,
        await associations(session, {event.partner for event in events}),
        await default_technician(session),
        frozenset((await session.execute(closing)).scalars()),
    )


def _standing(row: dict[str, Any]) -> Standing:
    as_sent = row["as_sent"] and DispatchContent.model_validate(row["as_sent"])
    return Standing(row, True, DispatchContent.model_validate(row["content"]), as_sent)


async def write(work: Work[Any], batch: Batch) -> None:
    session = work.session
    rows = [(found.known, _columns(found)) for found in batch.changed.values()]
    new = [row for known, row in rows if not known]
    old = [{name: row[name] for name in _changing(row)} for known, row in rows if known]
    await update_rows(session, dispatch, old)
    belongings = {history: batch.history, alert: batch.alerts, delivery: batch.deliveries}
    await insert_tables(session, {dispatch: new, **belongings})
    replaced = [name for name in received.c.keys() if name != "mail_id"]  # noqa: SIM118  # not a dict
    await session.execute(upsert(session, received, ["mail_id"], replaced), list(batch.received.values()))
    if batch.deliveries:
        work.wake("deliver")


def _changing(row: dict[str, Any]) -> Iterable[str]:
    return row.keys() - _KEPT | {"id", "content", "as_sent"}


def _columns(found: Standing) -> dict[str, Any]:
    return {**found.row, "content": found.content, "as_sent": found.as_sent}
