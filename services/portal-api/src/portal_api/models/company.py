"""Company information: one row, whose `id` is always 1."""

from shared.db import Json, UtcDateTime
from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text

from portal_api.models.base import Base

company = Table(
    "company",
    Base.metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("about", Json, nullable=False),
    Column("smtp_password", Text, nullable=True),
    Column("logo", LargeBinary, nullable=True),
    Column("logo_type", String(20), nullable=True),
    Column("edited_at", UtcDateTime, nullable=False),
    Column("edited_by", String(200), nullable=False),
)
"""`about` is what the office typed (schemas.company.CompanyBody) without the password, which is sealed."""
