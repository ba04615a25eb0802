"""What this service knows of others' facts: read tables, fed by events, each with the version it shows.

A row may come in parts (the dispatch, then whose it is), so each part has its own version; 0: not heard yet.
"""

from shared.columns import flag, must, partly, version
from shared.db import Json
from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Table, Text, Uuid

from payments.models.base import Base

dispatch = Table(
    "dispatch",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    version(),
    Column("number", Text, nullable=True),
    Column("partner", Text, nullable=True),
    Column("problem", Text, nullable=True),
    Column("fee_open", BigInteger, nullable=True),
    Column("currency", String(3), nullable=True),
    Column("do_not_collect", Boolean, nullable=False),
    Column("do_not_collect_because", Text, nullable=True),
    must("match_version", Integer),
    Column("customer_id", Uuid, nullable=True, index=True),
    Column("location_id", Uuid, nullable=True),
    Column("bill_to_id", Uuid, nullable=True),
)
"""`do_not_collect_because` are the partner's words."""

customer = Table(
    "customer",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    version(),
    must("number", BigInteger),
    must("name", Text),
    must("kind", String(10)),
    Column("email", Text, nullable=True),
    Column("merged_into", Uuid, nullable=True),
    flag("closed"),
    partly("ix_customer_merged_into", "merged_into", where="merged_into IS NOT NULL"),
)

location = Table(
    "location",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    version(),
    Column("customer_id", Uuid, nullable=False, index=True),
    must("address", Json),
    must("zone", String(50)),
    flag("closed"),
)

company = Table(
    "company",
    Base.metadata,
    Column("id", Integer, primary_key=True),
    version(),
    must("content", Json),
)
"""One row, the company information as it was last said; the mail server's password in it is sealed."""
