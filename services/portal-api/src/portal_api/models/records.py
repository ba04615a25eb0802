"""What other services said, whole and current: tables that only their events write.

`version` is the sender's; an older one is ignored. What came before its owner (a status before its dispatch,
a dispatch before its location) is kept, so rows have no foreign keys and all but ids may still be missing.
"""

from typing import Any

from shared.columns import must, partly
from shared.db import Json, UtcDateTime
from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, String, Table, Text, Uuid

from portal_api.models.base import Base


def _id() -> Column[Any]:
    return Column("id", Uuid, primary_key=True)


customer_record = Table(
    "customer_record",
    Base.metadata,
    _id(),
    must("version", Integer),
    must("number", BigInteger),
    must("name", Text),
    must("kind", String(10)),
    Column("email", Text),
    must("phones", Json),
    Column("merged_into", Uuid),
    must("closed", Boolean),
)

location_record = Table(
    "location_record",
    Base.metadata,
    _id(),
    must("version", Integer),
    must("customer_id", Uuid, index=True),
    must("address", Json),
    must("zone", String(60)),
    must("closed", Boolean),
)

equipment_record = Table(
    "equipment_record",
    Base.metadata,
    _id(),
    must("version", Integer),
    must("location_id", Uuid, index=True),
    must("equipment", Json),
    must("removed", Boolean),
)

agreement_record = Table(
    "agreement_record",
    Base.metadata,
    _id(),
    must("version", Integer),
    must("location_id", Uuid, index=True),
    must("agreement", Json),
    Column("ends_on", Date),
    must("ended", Boolean),
)

technician_record = Table(
    "technician_record",
    Base.metadata,
    _id(),
    must("version", Integer),
    must("name", Text),
    must("is_default", Boolean),
    must("retired", Boolean),
)

# Three senders' facts, each with a version of its own; 0 where nothing was heard yet. Without content
# (`version` 0) nobody is shown it. `location_id` is set once it is certain whose dispatch it is. `lines` are
# `shared.events.dispatch.WorkOrderLine`s.
dispatch_record = Table(
    "dispatch_record",
    Base.metadata,
    _id(),
    must("version", Integer, default=0),
    Column("partner", Text),
    Column("number", Text),
    Column("trade", Text),
    Column("lines", Json),
    Column("received_at", UtcDateTime),
    must("match_version", Integer, default=0),
    Column("customer_id", Uuid),
    Column("location_id", Uuid),
    must("status_version", Integer, default=0),
    Column("status", Text),
    Column("status_at", UtcDateTime),
    must("closed", Boolean, default=False),
    Index("ix_dispatch_record_location", "location_id", "received_at", "id"),
)

status_record = Table(
    "status_record",
    Base.metadata,
    Column("dispatch_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    must("status", Text),
    must("at", UtcDateTime),
)

# One that was taken back has no times. `version` is the dispatch's.
appointment_record = Table(
    "appointment_record",
    Base.metadata,
    _id(),
    must("version", Integer),
    must("dispatch_id", Uuid, index=True),
    Column("technician_id", Uuid),
    Column("start_at", UtcDateTime),
    Column("end_at", UtcDateTime),
    Column("zone", String(60)),
    partly("ix_appointment_record_technician", "technician_id", "end_at", where="start_at IS NOT NULL"),
)

# `invoice` is a `shared.events.money.Invoice`; amounts are minor units of `currency`. `collectable` is what
# of the balance may be charged; None where its sender did not say: all of it.
invoice_record = Table(
    "invoice_record",
    Base.metadata,
    _id(),
    must("version", Integer),
    must("customer_id", Uuid),
    Column("location_id", Uuid),
    Column("dispatch_id", Uuid),
    must("state", String(20)),
    must("bill_to_partner", Boolean),
    must("payable", Boolean),
    must("issued_on", Date),
    must("currency", String(3)),
    must("total", BigInteger),
    must("balance", BigInteger),
    Column("collectable", BigInteger),
    must("invoice", Json),
    Index("ix_invoice_record_location", "location_id", "issued_on", "id"),
)

# `payment_id` is set on a refund and names what was paid back.
payment_record = Table(
    "payment_record",
    Base.metadata,
    _id(),
    Column("payment_id", Uuid),
    Column("invoice_id", Uuid, index=True),
    must("customer_id", Uuid),
    must("amount", BigInteger),
    must("currency", String(3)),
    Column("method", String(20)),
    Column("brand", String(40)),
    Column("last4", String(4)),
    must("at", UtcDateTime),
)

# How much of a payment, or of a refund, was for which invoice: one may pay several.
payment_part = Table(
    "payment_part",
    Base.metadata,
    Column("payment_record_id", Uuid, primary_key=True),
    Column("invoice_id", Uuid, primary_key=True),
    must("amount", BigInteger),
    Index("ix_payment_part_invoice_id", "invoice_id"),
)

# Cards that the gateway keeps for a customer. `removing` is when the household asked to remove it.
card_record = Table(
    "card_record",
    Base.metadata,
    _id(),
    must("version", Integer),
    must("customer_id", Uuid, index=True),
    Column("brand", String(40)),
    Column("last4", String(4)),
    Column("expires", String(7)),
    must("removed", Boolean),
    Column("removing", UtcDateTime),
)
