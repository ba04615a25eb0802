"""A gateway's adapter with its account, and the tokens it keeps."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from shared.db import Database, Row, insert_ignore, upsert, utcnow
from shared.problems import conflict
from shared.secrets import SecretUnreadable, seal, unseal
from shared.service import Running
from shared.settings import Settings
from sqlalchemy import Update, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from payments.gateways import open_gateway
from payments.gateways.base import Tokens
from payments.gateways.port import Gateway
from payments.models import gateway_connection, gateway_token, token_renewal
from payments.tools import Tools, fields_of

RENEWAL_SECONDS = 30.0
"""A gateway answers before, or its answer is not awaited any more."""


def gateway_of(running: Running[Tools], row: Row) -> Gateway:
    """The gateway of an account's row. Raises a 409 problem where its secrets cannot be read."""
    tokens = StoredTokens(running.tools, running.database, row.id)
    try:
        fields = fields_of(running.settings, row)
    except SecretUnreadable:
        raise conflict(
            "The secrets of this card service cannot be read",
            f"They were stored with another CALLBOARD_SECRET_KEY. Enter them again for “{row.name}”.",
            account_id=str(row.id),
        ) from None
    if row.gateway == "sandbox" and not fields["base_url"]:
        fields["base_url"] = running.settings.sandbox_url
    return open_gateway(row.gateway, running.tools.http, fields, tokens)


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
        kept = json.loads(
            unseal(self.tools.settings, sealed, token_place(self.account_id)).get_secret_value()
        )
        return Tokens(
            access=SecretStr(kept["access"]),
            expires_at=datetime.fromisoformat(kept["expires_at"]),
            refresh=SecretStr(kept["refresh"]) if kept["refresh"] else None,
        )

    async def save(self, tokens: Tokens) -> None:
        async with self.database.transaction() as session:
            await store(session, self.tools.settings, self.account_id, tokens)
            renewed: dict[str, Any] = {"refused_at": None}
            if tokens.refresh_expires_at is not None:
                renewed["renew_by"] = tokens.refresh_expires_at
            await session.execute(self._connection().values(renewed))

    async def refused(self) -> None:
        """Kept, so that a person sees that this account was connected and must be connected again."""
        async with self.database.transaction() as session:
            await session.execute(self._connection().values(refused_at=utcnow()))

    def _connection(self) -> Update:
        return update(gateway_connection).where(gateway_connection.c.account_id == self.account_id)

    @asynccontextmanager
    async def lock(self) -> AsyncGenerator[None]:
        """Shuts out other renewals, also those of other processes, by a row that is leased."""
        async with self.tools.locks.setdefault(self.account_id, asyncio.Lock()):
            until = await self._take()
            try:
                yield
            finally:
                mine = (token_renewal.c.account_id == self.account_id, token_renewal.c.until == until)
                async with self.database.transaction() as session:
                    await session.execute(delete(token_renewal).where(*mine))

    async def _take(self) -> datetime:
        """Until when it is ours. Raises TimeoutError where another process does not let go of it."""
        async with asyncio.timeout(2 * RENEWAL_SECONDS):
            while True:
                until = utcnow() + timedelta(seconds=RENEWAL_SECONDS)
                async with self.database.transaction() as session:
                    ahead = until + timedelta(minutes=1)  # by no honest clock
                    late = (token_renewal.c.until < utcnow()) | (token_renewal.c.until > ahead)
                    same = token_renewal.c.account_id == self.account_id
                    await session.execute(delete(token_renewal).where(same, late))
                    row = {"account_id": self.account_id, "until": until}
                    new = insert_ignore(session, token_renewal, ["account_id"], ["account_id"])
                    if (await session.execute(new, [row])).first() is not None:
                        return until
                await asyncio.sleep(0.1)


async def store(session: AsyncSession, settings: Settings, account_id: UUID, tokens: Tokens) -> None:
    kept = {
        "access": tokens.access.get_secret_value(),
        "expires_at": tokens.expires_at.isoformat(),
        "refresh": tokens.refresh.get_secret_value() if tokens.refresh else None,
    }
    row: dict[str, Any] = {"account_id": account_id, "updated_at": utcnow()}
    row["sealed"] = seal(settings, SecretStr(json.dumps(kept)), token_place(account_id))
    statement = upsert(session, gateway_token, ["account_id"], ["sealed", "updated_at"])
    await session.execute(statement, [row])


def token_place(account_id: UUID) -> str:
    return f"gateway_token/{account_id}"
