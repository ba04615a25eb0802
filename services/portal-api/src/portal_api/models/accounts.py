"""Who may come in: accounts, their sessions, and what guards both.

Whatever opens a door is stored hashed: passwords with argon2id; tokens and links, which are random, with
SHA-256. `totp` is sealed with the deployment's key.
"""

from typing import Any

from shared.columns import partly
from shared.db import UtcDateTime
from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
    text,
)

from portal_api.models.base import Base

HAS_NAME = text("state NOT IN ('closed', 'elsewhere')")
"""Accounts that their user name leads to; in the words of the index, so that it is used."""

account = Table(
    "account",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("user_name", String(320), nullable=False),
    Column("name", Text, nullable=False),
    Column("email", String(320), nullable=True),
    Column("role", String(30), nullable=False),
    Column("customer_id", Uuid, nullable=True),
    Column("location_id", Uuid, nullable=True, index=True),
    Column("state", String(10), nullable=False),
    Column("password_hash", Text, nullable=True),
    Column("must_change", Boolean, nullable=False, default=False),
    Column("password_ends_at", UtcDateTime, nullable=True),
    Column("totp", Text, nullable=True),
    Column("totp_on", Boolean, nullable=False, default=False),
    Column("totp_step", Integer, nullable=True),
    Column("version", Integer, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_logon_at", UtcDateTime, nullable=True),
    partly("uq_account_user_name", "user_name", where=HAS_NAME.text, unique=True),
)
"""`kind` is staff or customer; `state` is invited (has never chosen a password), active, closed or elsewhere:
a household invited somebody who has an account elsewhere, and does not learn it. A user name leads to one
account. `password_ends_at` is set for a one-time password. `totp_step` is the 30-second step of the last code
that was used."""


def _of_account(**options: Any) -> Column[Any]:
    return Column("account_id", Uuid, ForeignKey("account.id", ondelete="CASCADE"), nullable=False, **options)


session = Table(
    "session",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_hash", LargeBinary(32), nullable=False, unique=True),
    _of_account(index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("active_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False, index=True),
    Column("address", String(64), nullable=False),
    Column("agent", String(200), nullable=False),
)

recovery_code = Table(
    "recovery_code",
    Base.metadata,
    _of_account(primary_key=True),
    Column("code_hash", LargeBinary(32), primary_key=True),
)
"""A code that was used is gone."""

password_reset = Table(
    "password_reset",
    Base.metadata,
    _of_account(primary_key=True),
    Column("token_hash", LargeBinary(32), nullable=False, unique=True),
    Column("ends_at", UtcDateTime, nullable=False),
)
"""One link an account: a newer one takes the place of the older, a used one is gone."""

reset_request = Table(
    "reset_request",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_name", String(320), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
)
"""What was typed under "I lost my password", until a loop has looked whether somebody has that name. The
answer is sent before anybody looks, so neither its bytes nor its time tell."""

attempt = Table(
    "attempt",
    Base.metadata,
    Column("key", String(100), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False, index=True),
)
"""Tries in the present window of one account, address or device."""
