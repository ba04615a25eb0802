"""What access tokens are signed with, and the programs that may fetch them."""

from shared.columns import partly
from shared.db import Json, UtcDateTime
from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text, Uuid

from portal_api.models.base import Base

signing_key = Table(
    "signing_key",
    Base.metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kid", String(43), nullable=False, unique=True),
    Column("public", String(43), nullable=False),
    Column("sealed", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("signs_from", UtcDateTime, nullable=False),
    Column("published_until", UtcDateTime, nullable=True),
)
"""Ed25519 keys. The one that signs is the newest whose `signs_from` has come. `number` counts up, so that of
two that are made at once one wins. `public` is the `x` of RFC 8037; `sealed` is the private part. A row goes
when `published_until` has come."""

api_client = Table(
    "api_client",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", String(100), nullable=False),
    Column("roles", Json, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("secret_hash", LargeBinary(32), nullable=False),
    Column("previous_hash", LargeBinary(32), nullable=True),
    Column("previous_until", UtcDateTime, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("last_used_at", UtcDateTime, nullable=True),
    Column("revoked_at", UtcDateTime, nullable=True),
    partly("uq_api_client_name", "name", where="revoked_at IS NULL", unique=True),
)
"""Secrets are 256 random bits, stored as SHA-256: nobody can try them out, so a slow hash would only slow our
own answers. The previous secret is good until `previous_until`. `last_used_at` is exact to a minute."""
