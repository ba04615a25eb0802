"""/healthz: the process answers. /readyz: it can do its work. /metrics: numbers for Prometheus."""

import time
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.auth import allow_anyone
from shared.backlog import backlog
from shared.failures import is_outage
from shared.service import Running

health_router = APIRouter(tags=["health"], dependencies=[Depends(allow_anyone)])

STALE_SECONDS = 60


@health_router.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@health_router.get("/readyz", responses={503: {"description": "The database cannot be reached."}})
async def readyz(request: Request) -> JSONResponse:
    """503 without the database, or before its migration. Without the broker the service is `degraded` and
    goes on taking work: what it has to say waits in the outbox."""
    services = {running.name: await _state(running) for running in request.app.state.running}
    states = {state["status"] for state in services.values()}
    worst = next(status for status in ("down", "degraded", "ok") if status in states)
    return JSONResponse({"status": worst, "services": services}, 503 if worst == "down" else 200)


@health_router.get("/metrics", response_class=Response)
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _state(running: Running[Any]) -> dict[str, Any]:
    try:
        if not running.migrated:
            from shared.migrate import is_current  # its library takes 0.05 s of a start

            running.migrated = await is_current(running.service, running.database)
        if not running.migrated:
            return {"status": "down", "database": "an older version's tables: run `migrate`"}
        async with running.database.read() as read:
            waiting = await backlog(read)
    except Exception as error:
        if not is_outage(error):
            raise
        return {"status": "down", "database": type(error).__name__}
    now = time.monotonic()
    stale = sorted(name for name, beat in running.heartbeats.items() if now - beat > STALE_SECONDS)
    bus = running.bus.connected()
    stuck = waiting.parked or waiting.dead
    status = "ok" if bus and not stale and not stuck else "degraded"
    since = waiting.since.isoformat() if waiting.since else None
    events = {"outbox": waiting.outbox, "since": since, "parked": waiting.parked, "dead": waiting.dead}
    return {"status": status, "bus": bus, **events, "stale": stale}
