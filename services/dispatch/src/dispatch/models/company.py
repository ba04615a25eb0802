"""What portal-api told of the company last; one row, whose `id` is 1."""

from shared.columns import must
from sqlalchemy import Column, Integer, String, Table

from dispatch.models.base import Base

company = Table(
    "company",
    Base.metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    must("version", Integer),
    must("zone", String(60)),
)
