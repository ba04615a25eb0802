"""What was told of late, for those who listen."""

from shared.db import Json, UtcDateTime
from sqlalchemy import BigInteger, Column, Integer, String, Table, Uuid

from portal_api.models.base import Base

stream_event = Table(
    "stream_event",
    Base.metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("type", String(40), nullable=False),
    Column("subject", Uuid, nullable=False),
    Column("version", Integer, nullable=True),
    Column("location_id", Uuid, nullable=True),
    Column("changed", Json, nullable=False),
    sqlite_autoincrement=True,  # or the numbers would begin again once all rows are swept
)
"""Numbers grow in the order of commits (`flows/stream.py`). `location_id`: the household that may hear it."""
