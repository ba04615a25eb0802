"""Mail to customers and staff: queued in the transaction of what it is about, sent afterwards."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pydantic_core
from pydantic import SecretStr
from shared.db import Row, insert_ignore, uuid7
from shared.envelope import one_line
from shared.secrets import seal, unseal
from shared.work import Work

from portal_api.letter import AddressRefused, Attachment, address_of
from portal_api.models.messages import outgoing
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


async def not_written(work: Work[Any], *, message: str, about: UUID, once: str) -> None:
    """A mail that could not be made, given up: the office finds it in its list among those that failed."""
    row = {"id": uuid7(), "message": message, "about": about, "once": once, "created_at": work.now}
    row |= {"due_at": work.now, "attempts": 0, "recipient": "", "state": "failed"}
    row["answer"] = "This message could not be written: tell the customer by other means."
    await work.session.execute(insert_ignore(work.session, outgoing, ["once"]), [row])


def _sealed(work: Work[Any], id: UUID, values: dict[str, Any], attachments: Sequence[Attachment]) -> str:
    content = {"values": values, "attachments": [each.as_json() for each in attachments]}
    return seal(work.settings, SecretStr(pydantic_core.to_json(content).decode()), message_place(id))


def opened(settings: Any, row: Row) -> tuple[dict[str, Any], list[Attachment]]:
    """Values and attachments of a mail that waits. Raises SecretUnreadable after a change of the key."""
    content = pydantic_core.from_json(unseal(settings, row.sealed, message_place(row.id)).get_secret_value())
    return content["values"], [Attachment.from_json(each) for each in content["attachments"]]


def message_place(id: UUID) -> str:
    return f"outgoing/{id}/sealed"
