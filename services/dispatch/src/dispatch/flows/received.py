"""Dispatches that partners sent: each is judged against what stands, and answered."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.db import uuid7
from shared.events.content import content_key
from shared.events.dispatch import (
    DispatchContent,
    DispatchCreated,
    DispatchMentioned,
    DispatchReceived,
    DispatchResolved,
    DispatchUpdated,
    StatusChanged,
    dispatch_id,
)
from shared.work import Work

from dispatch.board import columns
from dispatch.flows.batch import Answer, Batch, Standing, load, write
from dispatch.flows.early import early_row, in_order, mentioned
from dispatch.flows.ledger import entry
from dispatch.outcomes import Judgement, judge
from dispatch.said import Said, said_at


async def receive(work: Work[Any], events: Sequence[DispatchReceived]) -> None:
    """Stores, updates or cancels, and answers every mail with `DispatchResolved`. A mail that was answered
    before with the same content gets the same answer, unless that was `unable`, which may have changed."""
    ids = [dispatch_id(event.partner, event.content.number) for event in events]
    batch = await load(work, events, ids)
    for event, id in zip(events, ids, strict=True):
        found = batch.standing.get(id)
        if found is not None:
            _find_first_key(batch, found)
        before = batch.answers.get(event.mail_id)
        key = None if found is None and before is None else content_key(event.content)
        if before is None or before[0] != key or before[1] == "unable":
            judged = _take(work, batch, event, id)
            before = (key, judged.outcome, judged.reason)
        _answer(work, batch, event, id, before)
        if id not in batch.standing:
            batch.waiting.setdefault(id, {})[event.mail_id] = event
            batch.early[event.mail_id] = early_row(event)
        elif id in batch.waiting:
            _take_early(work, batch, id)
    await write(work, batch)


def _take_early(work: Work[Any], batch: Batch, id: UUID) -> None:
    """The dispatch has come: what waited for it is applied or shown."""
    found = batch.standing[id]
    _find_first_key(batch, found)
    batch.waited.append(id)
    for word in in_order(batch.waiting.pop(id)):
        batch.early.pop(word.mail_id, None)
        if isinstance(word, DispatchMentioned):
            batch.alerts.append(mentioned(work, id, word))
            found.row["needs_attention"] = True
            batch.changed[id] = found
        else:
            judged = _take(work, batch, word, id)
            _write_down(work, batch, word.mail_id, id, (content_key(word.content), *judged[:2]))


def _find_first_key(batch: Batch, found: Standing) -> None:
    """Most dispatches are sent once, and a key costs more than all else that is done for them: that of the
    first content is found when a second one comes."""
    first, content = found.first, found.as_sent or found.content
    if first is None or content is None:
        return
    key, found.first = content_key(content), None
    batch.received[first["mail_id"]] = {**first, "content_key": key}
    batch.answers[first["mail_id"]] = (key, first["outcome"], first["reason"])


def _take(work: Work[Any], batch: Batch, event: DispatchReceived, id: UUID) -> Judgement:
    found, settings = batch.standing.get(id), work.settings
    judged = judge(
        found.judged_against(settings.cancelled_status) if found else None,
        event.content,
        said=Said(said_at(event.sent_at, event.received_at), event.content.dispatched_at),
        repeats=event.repeats,
        cancel_types=settings.cancel_types,
    )
    if judged.content is not None:
        if found is None:
            found = batch.standing[id] = _new(work, batch, event, id)
        found.content, found.as_sent = judged.content, judged.as_sent
        found.row.update(columns(judged.content), version=found.row["version"] + 1, changed_at=work.now)
        _tell(work, batch, event, found.row, judged, judged.content)
        batch.changed[id] = found
    if found is not None:
        _keep_date(batch, found, judged)
        _raise(work, batch, event, found, judged)
    return judged


def _keep_date(batch: Batch, found: Standing, judged: Judgement) -> None:
    said = {"said_at": judged.said.sent_at, "said_dated": judged.said.dated}
    if judged.outcome != "unable" and not said.items() <= found.row.items():
        found.row |= said
        batch.changed[found.row["id"]] = found


def _raise(
    work: Work[Any], batch: Batch, event: DispatchReceived, found: Standing, judged: Judgement
) -> None:
    """Where nothing changed, and the same alert waits to be looked at, it is not raised again."""
    row = found.row
    for kind, text in judged.alerts:
        if judged.content is None and (row["id"], kind, text) in batch.open:
            continue
        batch.open.add((row["id"], kind, text))
        raised = {"id": uuid7(), "dispatch_id": row["id"], "kind": kind, "text": text, "at": work.now}
        batch.alerts.append({**raised, "mail_id": event.mail_id})
        row["needs_attention"] = True
        batch.changed[row["id"]] = found


def _new(work: Work[Any], batch: Batch, event: DispatchReceived, id: UUID) -> Standing:
    status = work.settings.initial_status
    row = {
        "id": id,
        "version": 0,
        "partner": event.partner,
        "number": event.content.number,
        "status": status,
        "closed": status in batch.closing,
        "updated_by_partner": False,
        "cancelled_by_partner": False,
        "needs_attention": False,
        "technician_id": batch.technician,
        "bill_to": event.bill_to,
        "zone": None,
        "match_version": 0,
        "received_at": event.received_at,
        "told_at": work.now,
        "said_at": None,
        "said_dated": None,
    }
    return Standing(row, known=False)


def _tell(
    work: Work[Any],
    batch: Batch,
    event: DispatchReceived,
    row: dict[str, Any],
    judged: Judgement,
    content: DispatchContent,
) -> None:
    """Writes down and says what was judged. `row` already has the new content's columns and version."""
    about: dict[str, Any] = {"dispatch_id": row["id"], "version": row["version"], "partner": event.partner}
    about |= {"content": content, "bill_to": row["bill_to"], "received_at": event.received_at}
    if judged.outcome == "processed":
        work.emit(DispatchCreated(**about), row["id"])
        _note(work, batch, event, row, "created", status=row["status"])
        _status(work, event, row, None)
        told = entry(row, batch.associations.get(event.partner), now=work.now)
        batch.deliveries += [told] if told else []
    else:
        paths = tuple(dict.fromkeys(change.path for change in judged.changes))
        work.emit(DispatchUpdated(**about, changed=paths), row["id"])
        _note(work, batch, event, row, judged.outcome, changes=judged.changes)
        row["updated_by_partner"] |= judged.outcome == "updated"
    if judged.outcome == "cancelled":
        _cancel(work, batch, event, row)


def _cancel(work: Work[Any], batch: Batch, event: DispatchReceived, row: dict[str, Any]) -> None:
    """The partner knows of its own cancellation, so nothing is queued for it."""
    old, row["status"] = row["status"], work.settings.cancelled_status
    row["cancelled_by_partner"], row["closed"] = True, row["status"] in batch.closing
    if old != row["status"]:
        _note(work, batch, event, row, "status", old=old, new=row["status"])
        _status(work, event, row, old)


def _status(work: Work[Any], event: DispatchReceived, row: dict[str, Any], old: str | None) -> None:
    about: dict[str, Any] = {"dispatch_id": row["id"], "version": row["version"], "old": old}
    about |= {"new": row["status"], "closed": row["closed"], "by": f"partner {event.partner}"}
    work.emit(StatusChanged(**about, at=work.now), row["id"])


def _note(
    work: Work[Any], batch: Batch, event: DispatchReceived, row: dict[str, Any], kind: str, **detail: Any
) -> None:
    entry = {"id": uuid7(), "dispatch_id": row["id"], "version": row["version"], "at": work.now, "kind": kind}
    by = f"partner {event.partner}"
    batch.history.append({**entry, "by": by, "detail": {"mail_id": event.mail_id, **detail}})


def _answer(work: Work[Any], batch: Batch, event: DispatchReceived, id: UUID, answer: Answer) -> None:
    key, outcome, reason = answer
    known = id if id in batch.standing else None
    is_late = outcome == "late"
    told = {"outcome": "unable" if is_late else outcome, "late": is_late, "reason": reason}
    work.emit(DispatchResolved(mail_id=event.mail_id, dispatch_id=known, **told), event.mail_id)  # pyright: ignore[reportArgumentType]  # the outcome is a text of the database
    row = _write_down(work, batch, event.mail_id, id, answer)
    if key is None and outcome == "processed":
        batch.standing[id].first = row


def _write_down(work: Work[Any], batch: Batch, mail_id: UUID, id: UUID, answer: Answer) -> dict[str, Any]:
    key, outcome, reason = batch.answers[mail_id] = answer
    row = {"mail_id": mail_id, "dispatch_id": id, "content_key": key, "outcome": outcome, "reason": reason}
    batch.received[mail_id] = row | {"at": work.now}
    return batch.received[mail_id]
