"""The floor for the home page: FastAPI and asyncpg, the same four selects, nothing else."""

import sys
from typing import Any
from uuid import UUID

import pydantic_core
from fastapi import FastAPI, Response

from bench.floor import floor, serve

ACCOUNT = """SELECT customer_id, location_id, role FROM account
WHERE id = $1 AND kind = 'customer' AND state <> 'closed' AND NOT must_change"""
RECORD = """SELECT l.address::text, l.zone, c.name FROM location_record l
JOIN customer_record c ON c.id = l.customer_id WHERE l.id = $1"""
VISITS = """SELECT d.id, d.number, d.partner, d.trade, d.lines::text, d.status, d.status_at, d.received_at,
  a.start_at, a.end_at, t.name AS technician
FROM dispatch_record d
LEFT JOIN appointment_record a ON a.dispatch_id = d.id AND a.start_at IS NOT NULL AND a.end_at > now()
LEFT JOIN technician_record t ON t.id = a.technician_id
WHERE d.location_id = $1 AND d.number IS NOT NULL AND NOT d.closed
ORDER BY d.received_at DESC, d.id DESC, a.start_at LIMIT 80"""
OWED = """SELECT currency, sum(balance)::bigint AS amount, count(*) AS invoices FROM invoice_record
WHERE location_id = $1 AND NOT bill_to_partner AND payable AND balance > 0 GROUP BY currency"""


def create_app(dsn: str) -> FastAPI:
    app = floor(dsn)

    @app.get("/home/{id}")
    async def read_home(id: UUID) -> Response:
        async with app.state.pool.acquire() as connection:
            account: Any = await connection.fetchrow(ACCOUNT, id)
            home = account["location_id"]
            record: Any = await connection.fetchrow(RECORD, home)
            visits: Any = await connection.fetch(VISITS, home)
            owed: Any = await connection.fetch(OWED, home)
        body = {
            "record": dict(record),
            "open": [dict(row) for row in visits],
            "owed": [dict(row) for row in owed],
        }
        return Response(pydantic_core.to_json(body), media_type="application/json")

    return app


if __name__ == "__main__":
    port, dsn = sys.argv[1:]
    serve(create_app(dsn), port)
