"""The tables. Rows are written in batches, so they are plain tables without classes.

`version` is 1 for a new row and grows with each change. `closed` rows stay for their history and match
no more. What comes from a partner is of any length.
"""

from typing import Any

from shared.columns import Serial, partly
from shared.db import Json, UtcDateTime
from shared.tables import new_base
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
)

Base = new_base()

# Ranges over a prefix need the plain order of bytes, which SQLite always has.
_Sorted = Text().with_variant(Text(collation="C"), "postgresql")


def _row() -> list[Column[Any]]:
    return [
        Column("version", Integer, nullable=False, default=1),
        Column("closed", Boolean, nullable=False, default=False),
        Column("created_at", UtcDateTime, nullable=False),
        Column("updated_at", UtcDateTime, nullable=False),
    ]


def _belongs_to(name: str, target: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Uuid, ForeignKey(target), nullable=nullable, index=True)


customer = Table(
    "customer",
    Base.metadata,
    Column("number", Serial, primary_key=True, autoincrement=True),
    Column("id", Uuid, nullable=False, unique=True),
    Column("kind", String(10), nullable=False),
    Column("name", Text, nullable=False),
    Column("sort_name", _Sorted, nullable=False),
    Column("email", Text, nullable=True),
    Column("phones", Json, nullable=False),
    Column("note", Text, nullable=True),
    Column("merged_into", Uuid, nullable=True),
    *_row(),
    Index("ix_customer_sort_name_number", "sort_name", "number"),
    partly("ix_customer_partner", "sort_name", where="kind = 'partner'"),
)

location = Table(
    "location",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    _belongs_to("customer_id", "customer.id"),
    Column("address", Json, nullable=False),
    Column("address_key", _Sorted, nullable=True),
    Column("given", Text, nullable=True),
    Column("zone", String(50), nullable=False),
    Column("names", Json, nullable=False),
    Column("own_names", Json, nullable=False, server_default="[]"),
    Column("note", Text, nullable=True),
    Column("replaced_by", Uuid, nullable=True),
    *_row(),
)
"""`names` are the persons known there, as `contact.people` makes them, `own_names` the customer's own among
them, by which a dispatch is matched; `given` is an address typed as one
line. `replaced_by` is set when a merge found two records of one place."""

contact = Table(
    "contact",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    _belongs_to("customer_id", "customer.id"),
    Column("location_id", Uuid, ForeignKey("location.id"), nullable=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=True),
    Column("email", Text, nullable=True),
    Column("phones", Json, nullable=False),
    Column("note", Text, nullable=True),
    *_row(),
)

equipment = Table(
    "equipment",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    _belongs_to("location_id", "location.id"),
    Column("description", Text, nullable=False),
    Column("brand", Text, nullable=True),
    Column("model", Text, nullable=True),
    Column("serial", Text, nullable=True),
    Column("place", Text, nullable=True),
    Column("installed_on", Date, nullable=True),
    Column("warranty_until", Date, nullable=True),
    Column("note", Text, nullable=True),
    *_row(),
)

agreement = Table(
    "agreement",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    _belongs_to("location_id", "location.id"),
    Column("name", Text, nullable=False),
    Column("partner", Text, nullable=True),
    Column("contract_id", Text, nullable=True),
    Column("plan_code", Text, nullable=True),
    Column("starts_on", Date, nullable=True),
    Column("ends_on", Date, nullable=True),
    Column("visits_per_year", Integer, nullable=True),
    Column("note", Text, nullable=True),
    *_row(),
)

match_key = Table(
    "match_key",
    Base.metadata,
    Column("key", _Sorted, primary_key=True),
    Column("location_id", Uuid, primary_key=True),
)
"""By what a location is found: `c:` contract, `a:` address, `p:` phone and `e:` e-mail of the customer's own,
`o:` phone or e-mail of anybody else there, which proves nothing (matching.keys)."""

match = Table(
    "match",
    Base.metadata,
    Column("dispatch_id", Uuid, primary_key=True),
    Column("dispatch_version", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("score", Integer, nullable=False),
    Column("reasons", Json, nullable=False),
    Column("ranked", Json, nullable=False),
    Column("customer_id", Uuid, nullable=True, index=True),
    Column("location_id", Uuid, nullable=True),
    Column("bill_to_id", Uuid, nullable=True),
    Column("said", Text, nullable=False),
    Column("decided_by", String(200), nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    partly("ix_match_review", "created_at", "dispatch_id", where="state = 'review'"),
)
"""One row a dispatch. `version` is the match_version of the event; `said` is the Claim as JSON; `ranked` are
the candidates that a person may choose from."""

merge = Table(
    "merge",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    Column("from_id", Uuid, nullable=False, index=True),
    Column("into_id", Uuid, nullable=False, index=True),
    Column("moved", Json, nullable=False),
    Column("merged_by", String(200), nullable=False),
    Column("merged_at", UtcDateTime, nullable=False),
    Column("undone_by", String(200), nullable=True),
    Column("undone_at", UtcDateTime, nullable=True),
    Column("version", Integer, nullable=False, default=1),
)
"""`moved` lists each changed value as `[table, id, column, was, is]`, so that undoing restores it."""

company = Table(
    "company",
    Base.metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("zone", String(60), nullable=False),
)
"""What portal-api told of the company last; one row, whose `id` is 1."""
