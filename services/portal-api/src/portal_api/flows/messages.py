"""Mail to customers and staff: queued in the transaction of what it is about, sent afterwards."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pydantic_core
from pydantic import SecretStr
from shared.db import Row, insert_ignore, uuid7
from shared.secrets import seal, unseal
from shared.work import Work
from sqlalchemy import select, update

from portal_api.letter import AddressRefused, Attachment, address_of
from portal_api.models.messages import outgoing
from portal_api.templates import one_line
from portal_api.wording import COMPANY, message_of


async def send_message(
    work: Work[Any],
    *,
    message: str,
    to: str,
    values: dict[str, Any],
    about: UUID | None = None,
    attachments: Sequence[Attachment] = (),
    once: str | None = None,
) -> UUID:
    """Queues one mail; it goes out after this transaction has committed, and at least once.

    `message` and the names in `values` are those of wording.py (the company's own are filled in). `about` is
    what the mail is about, for the office's list. A second call with the same `once` does nothing. Values and
    attachments are sealed at rest and erased when the mail has gone. An address that cannot be makes a mail
    that has failed, and fails nothing else.
    """
    wanted = message_of(message).variables.keys() - COMPANY.keys()
    if wanted != values.keys():
        raise ValueError(f"{message} needs the values {sorted(wanted)} and no others")
    id = uuid7()
    row = {"id": id, "message": message, "about": about, "once": once, "created_at": work.now}
    row |= {"due_at": work.now, "attempts": 0}
    try:
        row |= {
            "recipient": address_of(to),
            "state": "waiting",
            "sealed": _sealed(work, id, values, attachments),
        }
    except AddressRefused as error:
        row |= {"recipient": one_line(to)[:320], "state": "failed", "answer": str(error)}
    await work.session.execute(insert_ignore(work.session, outgoing, ["once"]), [row])
    work.wake("send")
    return id


def _sealed(work: Work[Any], id: UUID, values: dict[str, Any], attachments: Sequence[Attachment]) -> str:
    content = {"values": values, "attachments": [each.as_json() for each in attachments]}
    return seal(work.settings, SecretStr(pydantic_core.to_json(content).decode()), _place(id))


def opened(settings: Any, row: Row) -> tuple[dict[str, Any], list[Attachment]]:
    """Values and attachments of a mail that waits. Raises SecretUnreadable after a change of the key."""
    content = pydantic_core.from_json(unseal(settings, row.sealed, _place(row.id)).get_secret_value())
    return content["values"], [Attachment.from_json(each) for each in content["attachments"]]


async def lease_outgoing(work: Work[Any]) -> Sequence[Row]:
    """Mails that are due, for as long as `lease_seconds`."""
    due = select(outgoing.c.id).where(outgoing.c.state == "waiting", outgoing.c.due_at <= work.now)
    due = due.order_by(outgoing.c.due_at).limit(work.settings.outgoing_batch)
    ids = list((await work.session.execute(due.with_for_update(skip_locked=True))).scalars())
    if not ids:
        return []
    lease = work.now + timedelta(seconds=work.settings.lease_seconds)
    leased = update(outgoing).where(outgoing.c.id.in_(ids)).returning(outgoing)
    values = {"due_at": lease, "attempts": outgoing.c.attempts + 1}
    return (await work.session.execute(leased.values(values))).all()


async def settle_outgoing(work: Work[Any], row: Row, state: str, answer: str | None) -> None:
    """`state` sent, failed (for good) or suppressed erases the content; waiting tries again later, until the
    mail is older than `outgoing_give_up_hours`."""
    values: dict[str, Any] = {"state": state, "answer": answer}
    if state == "waiting" and work.now - row.created_at > timedelta(
        hours=work.settings.outgoing_give_up_hours
    ):
        values["state"] = "failed"
    if values["state"] == "waiting":
        pause = min(2.0 ** min(row.attempts, 10), 900) * random.uniform(0.5, 1.0)  # noqa: S311
        values["due_at"] = work.now + timedelta(seconds=pause)
    else:
        values |= {"sealed": None, "settled_at": work.now}
    await work.session.execute(update(outgoing).where(outgoing.c.id == row.id).values(values))


def _place(id: UUID) -> str:
    return f"outgoing/{id}/sealed"
