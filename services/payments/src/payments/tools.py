"""The outside world of this service: gateways, and the mail server."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import httpx
import structlog
from pydantic import SecretStr
from shared.db import Database, Row, upsert, utcnow
from shared.mailer import Mailer, open_mailer
from shared.secrets import seal, unseal
from sqlalchemy import func, select

from payments.gateways import open_gateway
from payments.gateways.base import Result, Tokens
from payments.gateways.port import Gateway
from payments.gateways.transport import TIMEOUT
from payments.models import gateway_token
from payments.settings import PaymentsSettings

log = structlog.get_logger()
T = TypeVar("T")


@dataclass
class Tools:
    """`locks` keep renewals of one account's tokens one after the other."""

    settings: PaymentsSettings
    http: httpx.AsyncClient
    mailer: Mailer
    locks: dict[UUID, asyncio.Lock] = field(default_factory=dict[UUID, asyncio.Lock])

    def gateway(self, row: Row, database: Database) -> Gateway:
        """The gateway of an account's row. Raises SecretUnreadable."""
        return open_gateway(
            row.gateway, self.http, fields_of(self.settings, row), StoredTokens(self, database, row.id)
        )


def fields_of(settings: PaymentsSettings, row: Row) -> dict[str, Any]:
    """All fields of the account, secrets too."""
    secrets = json.loads(unseal(settings, row.secrets, place_of(row.id)).get_secret_value())
    return {**row.options, **secrets}


def place_of(account_id: UUID) -> str:
    return f"gateway_account/{account_id}/secrets"


@dataclass
class StoredTokens:
    """OAuth2 tokens in the database, sealed."""

    tools: Tools
    database: Database
    account_id: UUID

    async def load(self) -> Tokens | None:
        query = select(gateway_token.c.sealed).where(gateway_token.c.account_id == self.account_id)
        async with self.database.read() as read:
            sealed = (await read.execute(query)).scalar_one_or_none()
        if sealed is None:
            return None
        kept = json.loads(unseal(self.tools.settings, sealed, self._place).get_secret_value())
        return Tokens(
            access=SecretStr(kept["access"]),
            expires_at=datetime.fromisoformat(kept["expires_at"]),
            refresh=SecretStr(kept["refresh"]) if kept["refresh"] else None,
        )

    async def save(self, tokens: Tokens) -> None:
        kept = {
            "access": tokens.access.get_secret_value(),
            "expires_at": tokens.expires_at.isoformat(),
            "refresh": tokens.refresh.get_secret_value() if tokens.refresh else None,
        }
        row: dict[str, Any] = {"account_id": self.account_id, "updated_at": utcnow()}
        row["sealed"] = seal(self.tools.settings, SecretStr(json.dumps(kept)), self._place)
        async with self.database.transaction() as session:
            statement = upsert(session, gateway_token, ["account_id"], ["sealed", "updated_at"])
            await session.execute(statement, [row])

    @asynccontextmanager
    async def lock(self) -> AsyncGenerator[None]:
        """Shuts out other renewals, on PostgreSQL those of other processes too."""
        async with self.tools.locks.setdefault(self.account_id, asyncio.Lock()):
            if self.database.is_sqlite:
                yield
                return
            key = self.account_id.int % 2**63
            async with self.database.read() as read:
                await read.execute(select(func.pg_advisory_lock(key)))
                try:
                    yield
                finally:
                    await read.execute(select(func.pg_advisory_unlock(key)))

    @property
    def _place(self) -> str:
        return f"gateway_token/{self.account_id}"


async def guarded(settings: PaymentsSettings, call: Awaitable[T]) -> T | Result:
    """The answer, or `unknown` for whatever went wrong around a call that can move money."""
    try:
        async with asyncio.timeout(settings.gateway_seconds + 5):
            return await call
    except Exception as error:
        log.warning("gateway_call_failed", error=type(error).__name__)
        return Result(outcome="unknown", message=f"No answer ({type(error).__name__}).", retry="lookup")


@asynccontextmanager
async def open_tools(settings: PaymentsSettings) -> AsyncGenerator[Tools]:
    timeout = httpx.Timeout(settings.gateway_seconds, connect=TIMEOUT.connect)
    limits = httpx.Limits(max_connections=50, keepalive_expiry=30)
    async with (
        httpx.AsyncClient(timeout=timeout, limits=limits, trust_env=False) as http,
        open_mailer(settings) as mailer,
    ):
        yield Tools(settings, http, mailer)
