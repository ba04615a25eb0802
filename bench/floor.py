"""What the floors have in common: FastAPI with a pool of asyncpg, served by uvicorn."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import uvicorn
from fastapi import FastAPI


def floor(dsn: str) -> FastAPI:
    """Its `state.pool` has eight connections."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with asyncpg.create_pool(dsn, min_size=8, max_size=8) as app.state.pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        return {}

    return app


def serve(app: FastAPI, port: str) -> None:
    uvicorn.run(app, port=int(port), access_log=False, log_level="warning")
