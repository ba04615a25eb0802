"""The outside world of this service: gateways, outgoing mail, and a thread to print in."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import httpx
import structlog
from shared.db import Row
from shared.http import open_client
from shared.mailer import Mailers, open_mailers
from shared.secrets import unseal

from payments.document import Facts, render
from payments.gateways.base import Result
from payments.gateways.transport import TIMEOUT
from payments.settings import PaymentsSettings

log = structlog.get_logger()
T = TypeVar("T")


@dataclass
class Tools:
    """`locks` keep renewals of one account's tokens one after the other. `listening` are the accounts of a
    gateway and until when (monotonic) they are not asked for again. `press` lets one document be made at
    a time: it takes a processor."""

    settings: PaymentsSettings
    http: httpx.AsyncClient
    mailers: Mailers
    locks: dict[UUID, asyncio.Lock] = field(default_factory=dict[UUID, asyncio.Lock])
    listening: dict[str, tuple[float, Sequence[Row]]] = field(
        default_factory=dict[str, tuple[float, Sequence[Row]]]
    )
    press: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def printed(self, facts: Facts) -> bytes:
        async with self.press:
            return await asyncio.to_thread(render, facts)


def fields_of(settings: PaymentsSettings, row: Row) -> dict[str, Any]:
    """All fields of the account, secrets too."""
    secrets = json.loads(unseal(settings, row.secrets, place_of(row.id)).get_secret_value())
    return {**row.options, **secrets}


def place_of(account_id: UUID) -> str:
    return f"gateway_account/{account_id}/secrets"


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
        open_client(allow_private=settings.private_hosts_allowed, timeout=timeout, limits=limits) as http,
        open_mailers(settings) as mailers,
    ):
        yield Tools(settings, http, mailers)
