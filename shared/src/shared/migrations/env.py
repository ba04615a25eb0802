"""The one Alembic environment. `shared.migrate` hands over the connection and the service's metadata."""

from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON
from sqlmodel.sql.sqltypes import AutoString


def _render(kind: str, value: Any, _context: AutogenContext) -> str | bool:
    if kind != "type":
        return False
    if isinstance(value, AutoString):
        return f"sa.String(length={value.length})" if value.length else "sa.String()"
    if isinstance(value, JSON):
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    if type(value).__name__ == "UtcDateTime":
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    render_item=_render,
    render_as_batch=True,
    compare_type=False,
)
with context.begin_transaction():
    context.run_migrations()
