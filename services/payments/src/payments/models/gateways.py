"""Accounts at card gateways."""

from shared.columns import flag, must, partly, version
from shared.db import Json, UtcDateTime
from sqlalchemy import Column, Date, Integer, String, Table, Text, Uuid

from payments.models.base import Base

gateway_account = Table(
    "gateway_account",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    version(),
    must("gateway", String(30)),
    must("name", Text),
    must("options", Json),
    must("secrets", Text),
    must("avs_policy", String(10)),
    must("cvv_policy", String(10)),
    flag("default_cards"),
    flag("default_portal"),
    flag("closed"),
    Column("compared_on", Date, nullable=True),
    Column("tested_at", UtcDateTime, nullable=True),
    Column("test_result", Text, nullable=True),
    must("created_at", UtcDateTime),
    must("updated_at", UtcDateTime),
    partly("ix_gateway_account_cards", "default_cards", where="default_cards", unique=True),
    partly("ix_gateway_account_portal", "default_portal", where="default_portal", unique=True),
)
"""`options` are readable, `secrets` a sealed JSON object that is never given out. A policy is off, record,
review or void. `compared_on` is the last day whose list was held against our books."""

gateway_token = Table(
    "gateway_token",
    Base.metadata,
    Column("account_id", Uuid, primary_key=True),
    must("sealed", Text),
    must("updated_at", UtcDateTime),
)
"""OAuth2 tokens of an account, sealed. They rotate: the new pair is stored before it is used."""

saved_card = Table(
    "saved_card",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    must("debtor_id", Uuid, index=True),
    must("account_id", Uuid),
    must("sealed", Text),
    Column("brand", String(30), nullable=True),
    Column("last4", String(4), nullable=True),
    Column("expires", String(7), nullable=True),
    Column("consent", Text, nullable=True),
    flag("closed"),
    must("version", Integer, server_default="1"),
    must("saved_by", String(200)),
    must("created_at", UtcDateTime),
    Column("removed_at", UtcDateTime, nullable=True),
    Column("removed_by", String(200), nullable=True),
)
"""Cards kept at the gateway. We have only the gateway's name for it, sealed, and not even that once the card
is removed. `expires` is such as 2027-04; `consent` says how its owner agreed."""
