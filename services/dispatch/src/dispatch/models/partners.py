"""Status codes, and what partners are told of them."""

from shared.columns import flag, must, partly, version
from shared.db import Json, UtcDateTime
from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table, Text, Uuid

from dispatch.models.base import Base

# The office's codes ("Enter Status Codes"). A dispatch whose status `closes` is done.
status_code = Table(
    "status_code",
    Base.metadata,
    Column("code", String(60), primary_key=True),
    version(),
    must("description", Text),
    flag("closes"),
    flag("retired"),
    must("position", Integer),
)

# The versions of each partner's `status.StatusMap`; the highest is in force.
status_association = Table(
    "status_association",
    Base.metadata,
    Column("partner", String(40), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    must("association", Json),
    must("at", UtcDateTime),
    must("by", Text),
    Column("note", Text),
)

# How a partner is told. `password` is sealed; `protocol` is a `partners.Protocol`, None for the adapter's
# own.
partner_account = Table(
    "partner_account",
    Base.metadata,
    Column("partner", String(40), primary_key=True),
    version(),
    must("adapter", String(40)),
    must("url", Text),
    must("company_id", Text),
    must("user_id", Text),
    must("password", Text),
    must("enabled", Boolean),
    Column("protocol", Json),
)

# The ledger of status updates. Those of a dispatch go in the order of (version, id), each when the one
# before is settled. `due_at` is the next try, or the end of the lease of one that is being sent. `carries`
# is the time that goes with the code, `association` the version of the association that chose it.
delivery = Table(
    "delivery",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    must("dispatch_id", Uuid),
    must("version", Integer),
    must("partner", String(40)),
    must("number", String(60)),
    must("status", String(60)),
    must("partner_code", String(40)),
    must("partner_name", Text),
    must("association", Integer),
    must("cause", String(20)),
    Column("carries", UtcDateTime),
    Column("zone", String(60)),
    Column("note", Text),
    must("state", String(20)),
    must("attempts", Integer),
    must("due_at", UtcDateTime),
    must("created_at", UtcDateTime),
    Column("settled_at", UtcDateTime),
    Column("answer", Text),
    Index("ix_delivery_dispatch", "dispatch_id", "version", "id"),
    partly("ix_delivery_due", "due_at", where="settled_at IS NULL"),
    Index("ix_delivery_state", "state", "id"),
)

# Each try of a delivery, append only. `answer` is without secrets.
attempt = Table(
    "attempt",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    must("delivery_id", Uuid),
    must("at", UtcDateTime),
    must("seconds", Float),
    must("state", String(20)),
    must("answer", Text),
    Index("ix_attempt_delivery", "delivery_id", "id"),
)
