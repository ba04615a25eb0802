"""The floor for logging on: FastAPI, asyncpg, argon2. One select, and one hash or one signature."""

import asyncio
import hashlib
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Request, Response

from bench.floor import floor, serve

HASH = "SELECT password_hash FROM account WHERE user_name = $1 AND state <> 'closed'"
SESSION = (
    "SELECT account.id, account.role FROM session JOIN account ON account.id = session.account_id "
    "WHERE token_hash = $1 AND session.ends_at > now()"
)


def create_app(dsn: str) -> FastAPI:
    app = floor(dsn)
    hasher, key = PasswordHasher(), Ed25519PrivateKey.generate()
    threads = ThreadPoolExecutor(os.cpu_count())

    @app.post("/v1/session")
    async def log_on(body: dict[str, str]) -> Response:
        hashed: Any = await app.state.pool.fetchval(HASH, body["user_name"])
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(threads, hasher.verify, hashed, body["password"])
        return Response()

    @app.post("/v1/session/token")
    async def token(request: Request) -> dict[str, str]:
        digest = hashlib.sha256(request.cookies["__Host-callboard"].encode()).digest()
        row: Any = await app.state.pool.fetchrow(SESSION, digest)
        claims = {"sub": str(row["id"]), "roles": [row["role"]], "exp": int(time.time()) + 120}
        return {"access_token": jwt.encode(claims, key, algorithm="EdDSA")}

    return app


if __name__ == "__main__":
    port, dsn = sys.argv[1:]
    serve(create_app(dsn), port)
