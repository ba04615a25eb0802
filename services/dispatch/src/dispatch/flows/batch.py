"""What a batch of received dispatches reads before, and writes at once after."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.batches import insert_tables, one_of, update_rows
from shared.db import upsert
from shared.events.dispatch import DispatchContent, DispatchReceived
from shared.work import Work
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.flows.early import Waiting, waiting_words
from dispatch.models import alert, delivery, dispatch, early, history, received, status_code
from dispatch.outcomes import Known
from dispatch.queries import Association, associations, default_technician
from dispatch.said import Said

Answer = tuple[bytes | None, str, str | None]
_KEPT = frozenset({"board", "id", "partner", "number", "received_at", "bill_to", "content", "as_sent"})


@dataclass(slots=True)
class Standing:
    """One dispatch while its batch is worked on. `row` has the columns to write, the contents are typed here.
    `first` is the mail that made it, while the key of that mail's content is still to be found."""

    row: dict[str, Any]
    known: bool
    content: DispatchContent | None = None
    as_sent: DispatchContent | None = None
    first: dict[str, Any] | None = None

    def judged_against(self, cancelled_status: str) -> Known | None:
        if self.content is None:
            return None
        said = Said(self.row["said_at"], self.row["said_dated"])
        return Known(self.content, self.row["status"] == cancelled_status, self.as_sent, said)


@dataclass(slots=True)
class Batch:
    """`answers` are those that the batch's mails got before: content key, outcome and reason. `waiting` are
    the words that came before their dispatch, by the id that it will have; `waited` the keys of those that it
    found. `open` are the alerts that nobody has looked at: dispatch, kind and text."""

    standing: dict[UUID, Standing]
    answers: dict[UUID, Answer]
    waiting: dict[UUID, Waiting]
    open: set[tuple[UUID, str, str]]
    associations: dict[str, Association]
    technician: UUID | None
    closing: frozenset[str]
    changed: dict[UUID, Standing] = field(default_factory=dict[UUID, Standing])
    received: dict[UUID, dict[str, Any]] = field(default_factory=dict[UUID, dict[str, Any]])
    history: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    alerts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    deliveries: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    early: dict[UUID, dict[str, Any]] = field(default_factory=dict[UUID, dict[str, Any]])
    waited: list[UUID] = field(default_factory=list[UUID])


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
    firsts = select(received).where(
        one_of(session, received.c.dispatch_id, standing.keys()),
        received.c.content_key.is_(None),
        received.c.outcome == "processed",
    )
    answers: dict[UUID, Answer] = {}
    for row in (await session.execute(heard.union(firsts) if standing else heard)).mappings():
        answers[row["mail_id"]] = (row["content_key"], row["outcome"], row["reason"])
        found = standing.get(row["dispatch_id"])
        if found is not None and row["content_key"] is None and row["outcome"] == "processed":
            found.first = dict(row)
    closing = select(status_code.c.code).where(status_code.c.closes)
    return Batch(
        standing,
        answers,
        await waiting_words(session, ids),
        await _open_alerts(session, standing.keys()),
        await associations(session, {event.partner for event in events}),
        await default_technician(session),
        frozenset((await session.execute(closing)).scalars()),
    )


async def _open_alerts(session: AsyncSession, ids: Collection[UUID]) -> set[tuple[UUID, str, str]]:
    if not ids:
        return set()
    query = select(alert.c.dispatch_id, alert.c.kind, alert.c.text).where(
        one_of(session, alert.c.dispatch_id, ids), alert.c.acknowledged_at.is_(None)
    )
    return {(row.dispatch_id, row.kind, row.text) for row in await session.execute(query)}


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
    if batch.early:
        kept = [name for name in early.c.keys() if name not in ("mail_id", "dispatch_id")]  # noqa: SIM118  # not a dict
        statement = upsert(session, early, ["mail_id", "dispatch_id"], kept)
        await session.execute(statement, list(batch.early.values()))
    if batch.waited:
        await session.execute(delete(early).where(early.c.dispatch_id.in_(batch.waited)))
    if batch.deliveries:
        work.wake("deliver")


def _changing(row: dict[str, Any]) -> Iterable[str]:
    return row.keys() - _KEPT | {"id", "content", "as_sent"}


def _columns(found: Standing) -> dict[str, Any]:
    return {**found.row, "content": found.content, "as_sent": found.as_sent}
