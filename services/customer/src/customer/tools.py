"""What a running service remembers between transactions."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from customer.settings import CustomerSettings


@dataclass
class Tools:
    """`payers` are partner customers that were seen in the database, so that batches need not look again."""

    payers: set[UUID] = field(default_factory=set)


@asynccontextmanager
async def open_tools(_settings: CustomerSettings) -> AsyncGenerator[Tools]:
    yield Tools()
