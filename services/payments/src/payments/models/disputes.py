"""Disputes of charges, as the gateways tell of them."""

from shared.columns import flag, must, version
from shared.db import Json, UtcDateTime
from sqlalchemy import BigInteger, Column, ForeignKey, String, Table, Text, UniqueConstraint, Uuid

from payments.models.base import Base, currency

dispute = Table(
    "dispute",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    version(),
    must("attempt_id", Uuid, ForeignKey("attempt.id")),
    must("reference", String(200)),
    flag("named"),
    must("state", String(12)),
    Column("amount", BigInteger, nullable=True),
    must("withdrawn", BigInteger),
    Column("fee", BigInteger, nullable=True),
    currency(),
    Column("reason", Text, nullable=True),
    must("stages", Json),
    must("opened_at", UtcDateTime),
    must("updated_at", UtcDateTime),
    UniqueConstraint("attempt_id", "reference", name="uq_dispute_reference"),
)
"""`reference` is the gateway's id of the case, or (not `named`) of a withdrawal whose case it does not say.
`amount` is disputed, `withdrawn` out of our hands now, `fee` what the gateway took besides; in minor units.
`stages` are all that were told, each with what was withdrawn after it: news come in any order. `state` is
opened, withdrawn, reinstated, lost or won."""
