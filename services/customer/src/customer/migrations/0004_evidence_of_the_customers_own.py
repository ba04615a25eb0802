"""evidence of the customer's own: phones, e-mail addresses and names of others lead to a place and prove nothing"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from customer.claims import Claim, asked
from customer.contact import e164, email_key, is_go_between, people
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_match = sa.table("match", *map(sa.column, ("location_id", "state", "said")))
_key = sa.table("match_key", *map(sa.column, ("key", "location_id")))
_location = sa.table(
    "location",
    sa.column("id", sa.Uuid()),
    sa.column("customer_id", sa.Uuid()),
    sa.column("own_names", _JSON),
)
_customer = sa.table(
    "customer", sa.column("id", sa.Uuid()), sa.column("phones", _JSON), *map(sa.column, ("name", "email"))
)


def upgrade() -> None:
    empty = sa.text("'[]'")
    op.add_column("location", sa.Column("own_names", _JSON, nullable=False, server_default=empty))
    found = _own()
    connection = op.get_bind()
    for id, (keys, names) in found.items():
        this = sa.update(_location).where(_location.c.id == id)
        connection.execute(this.values(own_names=sorted(names)))
        mine = _key.c.location_id == sa.bindparam("id", id, sa.Uuid())
        rows = connection.execute(sa.select(_key.c.key).where(mine)).scalars().all()
        for key in rows:
            if key[:2] in ("p:", "e:") and key not in keys:
                connection.execute(
                    sa.update(_key).where(mine, _key.c.key == key).values(key=f"o:{key[2:]}")
                )


def _own() -> dict[Any, tuple[set[str], set[str]]]:
    """For each location the keys and names of the customer's own: its record, and what dispatches said."""
    connection = op.get_bind()
    query = sa.select(_location.c.id, _customer).join_from(
        _location, _customer, _location.c.customer_id == _customer.c.id
    )
    found: dict[Any, tuple[set[str], set[str]]] = {}
    for row in connection.execute(query).mappings():
        keys = {f"p:{number}" for phone in row["phones"] or () if (number := e164(phone["number"]))}
        keys |= {f"e:{email}" for email in [email_key(row["email"])] if email}
        found[row["id"]] = (set() if is_go_between(row["name"]) else keys, set(people(row["name"])))
    settled = sa.select(sa.type_coerce(_match.c.location_id, sa.Uuid()).label("id"), _match.c.said)
    for row in connection.execute(settled.where(_match.c.state != "review")):
        if row.id in found:
            facts = asked(Claim.model_validate(json.loads(row.said)))
            keys, names = found[row.id]
            keys |= {f"p:{phone}" for phone in facts.phones} | {f"e:{email}" for email in facts.emails}
            names |= facts.names
    return found


def downgrade() -> None:
    op.drop_column("location", "own_names")
