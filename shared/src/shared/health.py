"""/healthz: the process answers. /readyz: it can do its work. /metrics: numbers for Prometheus."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.auth import allow_anyone
from shared.backlog import backlog
from shared.failures import is_outage
from shared.schema import schema_of
from shared.service import Running
from shared.turns import REQUEST_SECONDS, patience, urgent
from shared.watch import DEAD_SECONDS, STALE_SECONDS, silent

health_router = APIRouter(tags=["health"], dependencies=[Depends(allow_anyone)])


@health_router.get("/healthz", responses={503: {"description": "A loop stands still for ten minutes."}})
async def healthz(request: Request) -> JSONResponse:
    """For a liveness probe: 503 where only another process may help."""
    services: list[Running[Any]] = request.app.state.running
    dead = {running.name: loops for running in services if (loops := silent(running, DEAD_SECONDS))}
    if dead:
        return JSONResponse({"status": "stalled", "loops": dead}, 503)
    return JSONResponse({"status": "ok"})


@health_router.get("/readyz", responses={503: {"description": "The database cannot be reached."}})
async def readyz(request: Request) -> JSONResponse:
    """503 without the database, or before its migration. Without the broker the service is `degraded` and
    goes on taking work: what it has to say waits in the outbox."""
    patience.set(REQUEST_SECONDS)
    urgent.set(True)
    services = {running.name: await _state(running) for running in request.app.state.running}
    states = {state["status"] for state in services.values()}
    worst = next(status for status in ("down", "degraded", "ok") if status in states)
    return JSONResponse({"status": worst, "services": services}, 503 if worst == "down" else 200)


@health_router.get("/metrics", response_class=Response)
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _state(running: Running[Any]) -> dict[str, Any]:
    try:
        if not running.suits:
            schema = await schema_of(running.service, running.database)
            if not schema.suits:
                return {"status": "down", "database": schema.words()}
            running.suits = True
        async with running.database.read() as read:
            waiting = await backlog(read)
    except Exception as error:
        if not is_outage(error):
            raise
        return {"status": "down", "database": type(error).__name__}
    stale = silent(running, STALE_SECONDS)
    bus = running.bus.connected()
    stuck = waiting.parked or waiting.dead
    status = "ok" if bus and not stale and not stuck else "degraded"
    since = waiting.since.isoformat() if waiting.since else None
    events = {"outbox": waiting.outbox, "since": since, "parked": waiting.parked, "dead": waiting.dead}
    return {"status": status, "bus": bus, **events, "stale": stale}
