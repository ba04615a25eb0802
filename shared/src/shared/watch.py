"""Whether the loops of a service are alive: told to the log, to Prometheus and to the probes."""

import time
from typing import TYPE_CHECKING, Any

import structlog

from shared.telemetry import LOOP_SILENCE

if TYPE_CHECKING:
    from shared.service import Running

log = structlog.get_logger()

STALE_SECONDS = 60.0
"""After this without a sign of life a loop is named: whatever it asks is answered or given up before."""
DEAD_SECONDS = 600.0
"""After this the liveness probe ends the process: another one may do better."""
LOOK_SECONDS = 5.0


def silent(running: "Running[Any]", seconds: float) -> list[str]:
    """Loops without a sign of life for longer than that. One that means to sleep is expected later."""
    now = time.monotonic()
    return sorted(name for name, beat in running.heartbeats.items() if now - beat > seconds)


async def watch(running: "Running[Any]") -> None:
    known: set[str] = set()
    while not running.stopping.is_set():
        for name, beat in running.heartbeats.items():
            LOOP_SILENCE.labels(running.name, name).set(max(0.0, time.monotonic() - beat))
        stale = set(silent(running, STALE_SECONDS))
        for name in stale - known:
            log.error("loop_stalled", service=running.name, loop=name, seconds=STALE_SECONDS)
        for name in known - stale:
            log.warning("loop_goes_on", service=running.name, loop=name)
        known = stale
        await running.pause(LOOK_SECONDS, "watch")
