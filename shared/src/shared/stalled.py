"""Ends database sessions whose process stands still in the middle of a transaction (PostgreSQL only)."""

from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import text

if TYPE_CHECKING:
    from shared.service import Running

log = structlog.get_logger()

LOOK_SECONDS = 5.0
# Between "parse" and "bind" of a new statement a session counts as active, so that neither
# idle_in_transaction_session_timeout nor statement_timeout ends it: its locks stay until the client wakes.
# PostgreSQL 17 has transaction_timeout for it; we support 15.
STATEMENT = text("""
SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
  AND state = 'active' AND wait_event = 'ClientRead' AND state_change < now() - interval '10 seconds'
""")


async def end_stalled(running: "Running[Any]") -> None:
    """Every replica looks after the others: a stopped one cannot let go of its locks by itself."""
    while not running.stopping.is_set():
        async with running.database.read() as read:
            for row in await read.execute(STATEMENT):
                log.warning("stalled_session_ended", service=running.name, backend=row.pid)
        await running.pause(LOOK_SECONDS, "end_stalled")
