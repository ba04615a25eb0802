"""The floor for money: FastAPI, asyncpg and httpx; the same rows and the same single call to the gateway."""

import hashlib
import hmac
import json
import secrets
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import jwt
import pydantic_core
import uvicorn
from fastapi import FastAPI, Request, Response

TICKET = "INSERT INTO ticket (jti, used_at) VALUES ($1, now())"
ATTEMPT = """INSERT INTO attempt (id, version, short_ref, debtor_id, account_id, gateway, kind, channel,
  state, amount, currency, caller, extra, checks, not_found, next_check_at, created_at, updated_at)
SELECT $1, 1, $2, debtor_id, $3, 'sandbox', 'sale', 'portal', 'submitting', total, currency, 'bare', '{}', 0,
  0, now(), now(), now() FROM invoice WHERE id = $4 RETURNING amount"""
SHARE = "INSERT INTO attempt_invoice (attempt_id, invoice_id, amount, open) VALUES ($1, $2, $3, true)"
OPERATION = """INSERT INTO operation (id, version, attempt_id, kind, amount, state, request_id, caller,
  checks, not_found, created_at, updated_at)
VALUES ($1, 1, $2, 'sale', $3, 'submitting', $4, 'bare', 0, 0, now(), now())"""
EVENT = """INSERT INTO payment_event (attempt_id, at, source, what, who, details)
VALUES ($1, now(), 'api', $2, 'bare', '{}')"""
AUDIT = "INSERT INTO audit (at, who, action, subject) VALUES (now(), 'bare', 'attempt.begun', $1)"
OPENED = """UPDATE attempt SET state = 'requires_action', version = 2, order_ref = $2, redirect_url = $3,
return_secret = $4, updated_at = now() WHERE id = $1"""
HEARD = """INSERT INTO webhook (id, account_id, external_id, kind, state, body, finding, tries, received_at)
VALUES ($1, $2, $3, $4, 'ignored', $5, $6, 0, now()) ON CONFLICT (account_id, external_id) DO NOTHING"""


def create_app(
    dsn: str, gateway: str, sandbox: UUID, stripe: UUID, secret: str, queries: dict[str, str]
) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with (
            asyncpg.create_pool(dsn, min_size=8, max_size=8) as app.state.pool,
            httpx.AsyncClient(trust_env=False) as app.state.http,
        ):
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        return {}

    @app.post("/checkouts", status_code=201)
    async def check_out(body: dict[str, Any]) -> dict[str, str]:
        said = jwt.decode(body["ticket"], options={"verify_signature": False})
        id, request_id, invoice = uuid4(), uuid4().hex, UUID(said["invoices"][0])
        async with app.state.pool.acquire() as connection, connection.transaction():
            await connection.execute(TICKET, said["jti"])
            amount: Any = await connection.fetchval(ATTEMPT, id, secrets.token_hex(4), sandbox, invoice)
            await connection.execute(SHARE, id, invoice, amount)
            await connection.execute(OPERATION, uuid4(), id, amount, request_id)
            await connection.execute(EVENT, id, "submitting")
            await connection.execute(AUDIT, str(id))
        order = {"our_id": id.hex, "amount": amount, "currency": "USD"}
        order |= {"return_url": "http://127.0.0.1/", "cancel_url": "http://127.0.0.1/"}
        answer = await app.state.http.post(
            f"{gateway}/orders", json=order, headers={"Idempotency-Key": request_id}
        )
        page = answer.raise_for_status().json()
        async with app.state.pool.acquire() as connection, connection.transaction():
            await connection.execute(OPENED, id, page["id"], page["url"], page["secret"])
            await connection.execute(EVENT, id, "requires_action")
        return {"id": str(id), "state": "requires_action", "redirect_url": page["url"]}

    @app.post("/webhooks")
    async def hear(request: Request) -> Response:
        body = await request.body()
        time, _, mac = request.headers["stripe-signature"].partition(",v1=")
        ours = hmac.new(secret.encode(), time[2:].encode() + b"." + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(ours, mac):
            return Response(status_code=400)
        event = json.loads(body)
        finding = json.dumps(event["data"]["object"])
        await app.state.pool.execute(HEARD, uuid4(), stripe, event["id"], event["type"], body, finding)
        return Response(b'{"received":true}', media_type="application/json")

    @app.get("/{what}/{customer}")
    async def read(what: str, customer: UUID) -> Response:
        rows: Any = await app.state.pool.fetch(queries[what], customer)
        return Response(pydantic_core.to_json([dict(row) for row in rows]), media_type="application/json")

    return app


if __name__ == "__main__":
    port, dsn, gateway, sandbox, stripe, secret, queries = sys.argv[1:]
    app = create_app(dsn, gateway, UUID(sandbox), UUID(stripe), secret, json.loads(queries))
    uvicorn.run(app, port=int(port), access_log=False, log_level="warning")
