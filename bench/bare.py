"""The floor for reads: FastAPI and asyncpg, the same two selects, nothing else."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pydantic_core
import uvicorn
from fastapi import FastAPI, Response

ONE = "SELECT {whole}, content::text AS content FROM dispatch WHERE id = $1"
PAGE = "SELECT {line} FROM dispatch ORDER BY received_at DESC, board DESC LIMIT 51"


def create_app(dsn: str, whole: str, line: str) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with asyncpg.create_pool(dsn, min_size=8, max_size=8) as app.state.pool:
            yield

    app = FastAPI(lifespan=lifespan)
    one, page = ONE.format(whole=whole), PAGE.format(line=line)

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        return {}

    @app.get("/one/{id}")
    async def read_one(id: UUID) -> Response:
        row: Any = await app.state.pool.fetchrow(one, id)
        return Response(pydantic_core.to_json(dict(row)), media_type="application/json")

    @app.get("/page")
    async def read_page() -> Response:
        rows: Any = await app.state.pool.fetch(page)
        return Response(pydantic_core.to_json([dict(row) for row in rows]), media_type="application/json")

    return app


if __name__ == "__main__":
    port, dsn, whole, line = sys.argv[1:]
    uvicorn.run(create_app(dsn, whole, line), port=int(port), access_log=False, log_level="warning")
