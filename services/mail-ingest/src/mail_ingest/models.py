"""Tables: mailboxes, the mail log, the raw bytes, and the forwards."""

from datetime import datetime
from typing import Any
from uuid import UUID

from shared.db import Json, UtcDateTime, uuid7
from shared.tables import new_base
from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

Base = new_base()


class Mailbox(Base, table=True):
    """One mailbox and all that is set for it. `lease_*` is the lock of the one process that polls it."""

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    name: str = Field(max_length=100)
    enabled: bool = True
    kind: str = Field(max_length=10)  # pop3, imap, maildir
    host: str = Field(default="", max_length=255)
    port: int = 110
    security: str = Field(default="none", max_length=10)
    ca_file: str = ""
    user: str = Field(default="", max_length=255)
    sealed_password: str = ""
    path: str = ""
    folder: str = Field(default="INBOX", max_length=255)
    address: str = Field(default="", max_length=320)
    partner: str = Field(default="ahs", max_length=40)
    customer: str = Field(default="", max_length=200)
    vendor_id: str = Field(default="", max_length=40)
    authserv_id: str = Field(default="", max_length=255)
    results_below_received: bool = False
    trusted_senders: list[str] = Field(default_factory=list, sa_type=Json)
    processed_to: str = Field(default="", max_length=320)
    error_to: str = Field(default="", max_length=320)
    return_name: str = Field(default="", max_length=200)
    return_address: str = Field(default="", max_length=320)
    repeats: str = Field(default="apply", max_length=10)
    keep_days: int = 0
    poll_seconds: int = 60
    version: int = 1
    lease_by: str = Field(default="", max_length=40)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_poll_at: datetime = Field(sa_type=UtcDateTime)
    polled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    poll_error: str | None = None


class Company(Base, table=True):
    """Company information as portal-api told it last; one row, whose `id` is 1."""

    id: int = Field(default=1, primary_key=True)
    version: int
    about: dict[str, Any] = Field(sa_type=Json)


class Mail(Base, table=True):
    """A line of the mail log. Identity is mailbox + SHA-256 + occurrence: the same bytes count again only
    when the copy before was certainly deleted, or lies beside it (docs/decisions/0004).

    `state`: stored → waiting (for the dispatch service's answer) → settled, with exactly one outcome. Before
    that `unsure`, where the connection broke after a mail had come whole and nothing vouches for it yet.
    `round` counts replays. `due_at` is when somebody may take a stored mail up again. `listed_size` is what
    the server announced; `kept_since`: it confirmed that it deleted the mail, and has it still.
    """

    __table_args__ = (
        UniqueConstraint("mailbox_id", "sha256", "occurrence"),
        Index("ix_mail_state_due_at", "state", "due_at"),
        Index("ix_mail_outcome_id", "outcome", "id"),
        Index("ix_mail_mailbox_id_id", "mailbox_id", "id"),
        Index("ix_mail_number", "number"),
        Index("ix_mail_kept_since", "mailbox_id", "kept_since"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    mailbox_id: UUID
    sha256: str = Field(max_length=64)
    occurrence: int = 1
    source: str = Field(default="mailbox", max_length=10)  # mailbox, http, import
    uid: str = Field(default="", max_length=255)
    size: int
    listed_size: int | None = None
    kept_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    received_at: datetime = Field(sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    state: str = Field(default="stored", max_length=10)
    due_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    round: int = 1
    sender: str | None = None
    subject: str | None = None
    message_id: str | None = None
    partner: str = Field(max_length=40)
    number: str | None = Field(default=None, max_length=40)
    dispatch_id: UUID | None = None
    outcome: str | None = Field(default=None, max_length=10)
    code: str | None = Field(default=None, max_length=40)
    reason: str | None = None
    place: dict[str, Any] | None = Field(default=None, sa_type=Json)
    warnings: list[str] = Field(default_factory=list, sa_type=Json)
    correction: dict[str, Any] | None = Field(default=None, sa_type=Json)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RawMail(Base, table=True):
    """The bytes as the mailbox gave them, apart from the log so that the log stays small."""

    __tablename__ = "raw_mail"  # pyright: ignore[reportAssignmentType]

    mail_id: UUID = Field(primary_key=True)
    raw: bytes


class Forward(Base, table=True):
    """One copy to the office. At least once, always with the same Message-ID."""

    __table_args__ = (
        UniqueConstraint("mail_id", "round"),
        Index("ix_forward_state_due_at", "state", "due_at"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    mail_id: UUID
    round: int
    kind: str = Field(max_length=10)  # processed, unable
    recipient: str = Field(max_length=320)
    state: str = Field(default="waiting", max_length=10)  # waiting, sent, failed, held
    due_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error: str | None = None
