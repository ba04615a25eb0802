"""Accounts that their owner connects by consent (OAuth2)."""

from shared.columns import must
from shared.db import UtcDateTime
from sqlalchemy import Column, ForeignKey, String, Table, Text, Uuid

from payments.models.base import Base

gateway_connection = Table(
    "gateway_connection",
    Base.metadata,
    Column("account_id", Uuid, ForeignKey("gateway_account.id"), primary_key=True),
    must("company", Text),
    must("connected_at", UtcDateTime),
    must("connected_by", String(200)),
    Column("renew_by", UtcDateTime, nullable=True),
    Column("refused_at", UtcDateTime, nullable=True),
)
"""Beside the account's tokens. `company` is the gateway's id of it, sealed: Intuit's looks like a card
number. `renew_by`: the refresh token is good until then; `refused_at`: it was not taken any more."""

token_renewal = Table(
    "token_renewal",
    Base.metadata,
    Column("account_id", Uuid, primary_key=True),
    must("until", UtcDateTime),
)
"""Who renews an account's tokens now, until then at most: no transaction is open meanwhile."""

gateway_consent = Table(
    "gateway_consent",
    Base.metadata,
    Column("state_hash", String(64), primary_key=True),
    must("account_id", Uuid, ForeignKey("gateway_account.id"), index=True),
    must("browser_hash", String(64)),
    must("who", String(200)),
    must("expires_at", UtcDateTime),
)
"""Consents that were asked for and have not come back; of `state` and the browser's cookie the SHA-256."""
