"""What customers ask for, and what became of it."""

from shared.columns import Serial
from shared.db import Json, UtcDateTime
from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from portal_api.models.base import Base

# `id` becomes the dispatch's. People see `R` and 1000 + `serial`.
request = Table(
    "request",
    Base.metadata,
    Column("serial", Serial, primary_key=True, autoincrement=True),
    Column("id", Uuid, nullable=False, unique=True),
    Column("location_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_request_location", "location_id", "at"),
)

# A JPEG of ours. One that belongs to no request yet is swept after a day.
photo = Table(
    "photo",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    Column("location_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False, index=True),
    Column("request_id", Uuid, nullable=True, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("jpeg", LargeBinary, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
)

# Quarter hours of a technician that a customer took and that are not yet an appointment: the key lets one of
# two win, also where windows of two time zones overlap.
held = Table(
    "held",
    Base.metadata,
    Column("technician_id", Uuid, primary_key=True),
    Column("quarter", UtcDateTime, primary_key=True),
    Column("dispatch_id", Uuid, nullable=False, index=True),
)

# `state`: asked, applied, noted (the office calls back), refused. At most one is under way for a dispatch.
visit_change = Table(
    "visit_change",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    Column("dispatch_id", Uuid, nullable=False),
    Column("location_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("action", String(20), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("start_at", UtcDateTime),
    Column("end_at", UtcDateTime),
    Column("preferred", Text),
    Column("reason", Text),
    Column("state", String(10), nullable=False),
    Column("answer", Text),
    Column("open_key", Uuid, nullable=True),
    Index("ix_visit_change_dispatch", "dispatch_id", "asked_at"),
    UniqueConstraint("open_key"),
)

# `edit` is a `shared.events.portal.CustomerEdit`; `state`: asked, applied, refused.
record_change = Table(
    "record_change",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False),
    Column("location_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("edit", Json, nullable=False),
    Column("state", String(10), nullable=False),
    Column("answer", Text),
    Index("ix_record_change_location", "location_id", "asked_at"),
)
