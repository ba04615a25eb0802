"""Accounts at gateways as the office sees them."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from shared.db import Row, utcnow
from shared.secrets import SecretUnreadable, unseal
from sqlalchemy import select

from payments.gateways import ACCOUNTS
from payments.models import gateway_connection
from payments.queries.balances import Reading
from payments.schemas.connections import Connection
from payments.schemas.gateways import GatewayOut


async def shown(read: Reading, settings: Any, rows: Sequence[Row]) -> list[GatewayOut]:
    query = select(gateway_connection)
    connections = {row.account_id: row for row in await read.execute(query)}
    made = [{"links": _links(row), "connection": None, **row._mapping} for row in rows]
    for each in made:
        if each["gateway"] == "quickbooks":
            each["connection"] = _connection(settings, connections.get(each["id"]))
    return [GatewayOut.model_validate(each) for each in made]


def _links(row: Row) -> dict[str, str]:
    model = ACCOUNTS[row.gateway]
    known = {name: field.default for name, field in model.model_fields.items()} | row.options
    values = {name: quote(str(value), safe="/:") for name, value in known.items()}
    return {title: url.format_map(values) for title, url in model.links.items()}


def _connection(settings: Any, row: Row | None) -> Connection:
    if row is None:
        return Connection(state="not_connected")
    over = row.refused_at is not None or (row.renew_by is not None and row.renew_by < utcnow())
    try:
        company = unseal(settings, row.company, company_place(row.account_id)).get_secret_value()
    except SecretUnreadable:
        over, company = True, None  # the tokens are sealed with the same key
    return Connection(
        state="reconnect" if over else "connected",
        company=company,
        connected_at=row.connected_at,
        connected_by=row.connected_by,
        renew_by=row.renew_by,
    )


def company_place(account_id: object) -> str:
    return f"gateway_connection/{account_id}/company"
