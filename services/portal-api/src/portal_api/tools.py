"""The outside world of this service: outgoing mail."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shared.mailer import Mailers, open_mailers

from portal_api.settings import PortalSettings


@dataclass
class Tools:
    mailers: Mailers


@asynccontextmanager
async def open_tools(settings: PortalSettings) -> AsyncGenerator[Tools]:
    async with open_mailers(settings) as mailers:
        yield Tools(mailers)
