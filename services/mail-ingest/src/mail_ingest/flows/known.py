"""Which mail of the log a fetched one is: by its bytes, and among equal ones by its name."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from shared.batches import one_of
from shared.db import Row
from shared.work import Work
from sqlalchemy import select

from mail_ingest.tables import mails
from mail_ingest.tools import Tools


@dataclass
class Known:
    """What the log holds of one hash: copies that may still lie in the mailbox, those that the server said it
    deleted, and how many ever came."""

    lying: list[Row] = field(default_factory=list[Row])
    gone: list[Row] = field(default_factory=list[Row])
    occurrences: int = 0

    def same(self, uid: str, met: Collection[UUID], now: datetime) -> Row | None:
        """The row of a mail with this hash, none that was `met` already. A deleted one is the same when it
        bears the same name again; where a server has no names, when it comes back within a day."""
        lying = [row for row in self.lying if row.id not in met]
        named = [row for row in lying if uid and row.uid == uid]
        gone = [row for row in self.gone if row.id not in met and row.uid == uid]
        if not uid:
            gone = [row for row in gone if row.deleted_at > now - timedelta(days=1)]
        return next(iter([*named, *gone, *lying] if uid else [*lying, *gone]), None)


async def known_mails(work: Work[Tools], mailbox_id: UUID, hashes: Sequence[str]) -> dict[str, Known]:
    names = (
        "id",
        "sha256",
        "occurrence",
        "received_at",
        "deleted_at",
        "uid",
        "state",
        "kept_since",
        "source",
    )
    columns = [mails.c[name] for name in names]
    same = one_of(work.session, mails.c.sha256, set(hashes))
    query = select(*columns).where(mails.c.mailbox_id == mailbox_id, same)
    known: dict[str, Known] = {}
    for row in await work.session.execute(query.order_by(mails.c.occurrence)):
        log = known.setdefault(row.sha256, Known())
        log.occurrences = row.occurrence
        if row.deleted_at is None:
            log.lying.append(row)
        elif row.source == "mailbox":
            log.gone.append(row)
    return known
