"""The tables as Core sees them: sets of rows go through these, not through objects."""

from typing import Any

from mail_ingest.models import Company, Forward, Mail, Mailbox, RawMail

companies: Any = Company.__table__  # pyright: ignore[reportAttributeAccessIssue]
mailboxes: Any = Mailbox.__table__  # pyright: ignore[reportAttributeAccessIssue]
mails: Any = Mail.__table__  # pyright: ignore[reportAttributeAccessIssue]
raw_mails: Any = RawMail.__table__  # pyright: ignore[reportAttributeAccessIssue]
forwards: Any = Forward.__table__  # pyright: ignore[reportAttributeAccessIssue]

# A mail that its mailbox handed out and nobody has read yet. A replayed one has had its turn.
UNREAD: Any = (mails.c.state == "stored") & (mails.c.source == "mailbox") & (mails.c.round == 1)
