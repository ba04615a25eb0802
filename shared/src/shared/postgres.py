"""Connections to PostgreSQL, straight or through a pooler that lends a server's session for one transaction.

A pooler (PgBouncer in transaction mode) knows no statement that was prepared in another transaction and takes
no settings at the start of a session. So behind one nothing is kept between transactions, and the settings
come from the role (shared.migrate). Straight, both are used: prepared statements halve a short query."""

from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

# A process that was stopped in the middle of a transaction must not hold its locks for ever, and nobody waits
# for ever for a lock or an answer: a loop that does is a loop that is dead.
SETTINGS = {
    "idle_in_transaction_session_timeout": "10s",
    "lock_timeout": "10s",
    "statement_timeout": "60s",
}
_POOLED: dict[str, Any] = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",  # the unnamed one, which ends with its transaction
}


class Server:
    """What the engines of one database know of the server. `pooled` is None until the first connection."""

    def __init__(self) -> None:
        self.pooled: bool | None = None

    def engine(self, url: str, size: int, **options: Any) -> AsyncEngine:
        # unbounded here, and so without the pool's own queue: the turns bound it
        engine = create_async_engine(url, pool_size=size, max_overflow=-1, **options)
        event.listen(engine.sync_engine, "do_connect", self._adapt)
        return engine

    def _adapt(self, _dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
        if self.pooled is None:
            self.pooled = await_only(_is_pooled(parameters))
        parameters |= _POOLED if self.pooled else {"server_settings": SETTINGS}


async def _is_pooled(parameters: dict[str, Any]) -> bool:
    """A pooler gives a number of its own for the session, and not that of the server's process."""
    connection = await asyncpg.connect(**parameters, statement_cache_size=0)
    try:
        async with connection.transaction():
            behind = await connection.fetchval("SELECT pg_backend_pid()")
        return behind != connection.get_server_pid()
    finally:
        await connection.close()
