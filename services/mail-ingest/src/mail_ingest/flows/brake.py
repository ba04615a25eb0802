"""The brake on mail loops that no sign gives away: a stranger's mails are forwarded so often an hour."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from shared.batches import one_of
from shared.db import Row
from shared.work import Work
from sqlalchemy import func, select, update

from mail_ingest.reading import Reading
from mail_ingest.tables import forwards, mails
from mail_ingest.tools import Tools

HELD = (
    "Held: too many such mails of this sender within an hour. Send it by hand if it is no machine's answer."
)


async def hold_back(work: Work[Tools], unable: Sequence[tuple[Row, Row, Reading]]) -> None:
    """Holds the queued forwards of those that are too many for their sender and mailbox."""
    strange = [(mail, reading.sender or "") for mail, _, reading in unable if reading.strange]
    held: list[UUID] = []
    for (box, sender), count in Counter((mail.mailbox_id, sender) for mail, sender in strange).items():
        since = work.now - timedelta(hours=1)
        query = select(func.count()).select_from(mails).join(forwards, forwards.c.mail_id == mails.c.id)
        query = query.where(mails.c.mailbox_id == box, func.coalesce(mails.c.sender, "") == sender)
        sent = await work.session.scalar(query.where(forwards.c.created_at > since)) or 0
        left = max(0, work.settings.strange_forwards_an_hour - (sent - count))
        theirs = [mail.id for mail, each in strange if (mail.mailbox_id, each) == (box, sender)]
        held += theirs[left:]
    if held:
        these = one_of(work.session, forwards.c.mail_id, held), forwards.c.state == "waiting"
        await work.session.execute(update(forwards).where(*these).values(state="held", error=HELD))
