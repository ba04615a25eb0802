"""The outside world of this service: outgoing mail, and those who listen."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shared.mailer import Mailers, open_mailers

from portal_api.hub import Hub
from portal_api.settings import PortalSettings
from portal_api.tools.pictures import Pictures


@dataclass
class Tools:
    mailers: Mailers
    hub: Hub = field(default_factory=Hub)
    pictures: Pictures = field(default_factory=Pictures)


@asynccontextmanager
async def open_tools(settings: PortalSettings) -> AsyncGenerator[Tools]:
    async with open_mailers(settings) as mailers:
        yield Tools(mailers)
