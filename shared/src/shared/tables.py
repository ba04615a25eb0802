"""The tables every service has beside its own: outbox, inbox, dead letters, audit trail, idempotency keys."""

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, Uuid
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.columns import Serial
from shared.db import Json, UtcDateTime

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

_metadata = MetaData(naming_convention=NAMES)

outbox = Table(
    "outbox",
    _metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("name", String(80), nullable=False),
    Column("body", Text, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("refusals", Integer, nullable=False, default=0, server_default="0"),
    Index("ix_outbox_due_at_seq", "due_at", "seq"),
)
"""`attempts` counts every try, `refusals` those that the bus refused although it was there."""

parked = Table(
    "parked",
    _metadata,
    Column("place", Serial, primary_key=True, autoincrement=True),
    Column("id", Uuid, nullable=False),
    Column("name", String(80), nullable=False),
    Column("subject", Text, nullable=True),
    Column("body", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("parked_at", UtcDateTime, nullable=False),
)
"""What the bus does not take of the outbox, and what follows it of the same subject (shared.parked)."""

inbox = Table(
    "inbox",
    _metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("received_at", UtcDateTime, nullable=False, index=True),
)

dead_letter = Table(
    "dead_letter",
    _metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("body", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("died_at", UtcDateTime, nullable=False),
)

audit = Table(
    "audit",
    _metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(200), nullable=False),
    Column("action", String(100), nullable=False),
    Column("subject", String(100), nullable=False, index=True),
    Column("before", Json, nullable=True),
    Column("after", Json, nullable=True),
)

idempotency = Table(
    "idempotency",
    _metadata,
    Column("key", String(64), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("status", Integer, nullable=True),
    Column("headers", Json, nullable=True),
    Column("body", LargeBinary, nullable=True),
    Column("at", UtcDateTime, nullable=False, index=True),
)


def new_base() -> type[SQLModel]:
    """The base class of one service's tables: its own registry, so that two services may both have a
    table and a class `Dispatch` in one process. Holds the shared tables too, so that migrations see them;
    queries use the objects of this module."""
    own = registry(metadata=MetaData(naming_convention=NAMES))

    class Base(SQLModel, registry=own):
        metadata = own.metadata

    for table in _metadata.sorted_tables:
        table.to_metadata(own.metadata)
    return Base
