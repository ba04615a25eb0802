"""The floor for reads: FastAPI and asyncpg, the same two selects, nothing else."""

import sys
from typing import Any
from uuid import UUID

import pydantic_core
from fastapi import FastAPI, Response

from bench.floor import floor, serve

ONE = "SELECT {whole}, content::text AS content FROM dispatch WHERE id = $1"
PAGE = "SELECT {line} FROM dispatch ORDER BY received_at DESC, board DESC LIMIT 51"


def create_app(dsn: str, whole: str, line: str) -> FastAPI:
    app = floor(dsn)
    one, page = ONE.format(whole=whole), PAGE.format(line=line)

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
    serve(create_app(dsn, whole, line), port)
