"""Who listens in this process. A listener holds no events, only a bell: each reads at its own pace."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID


class Audience(NamedTuple):
    """Who listens. `location_id` is a customer's household. `session_id` is that of the cookie; an access
    token has an end instead, in seconds since 1970."""

    account: str
    role: str
    location_id: UUID | None = None
    session_id: UUID | None = None
    ends: float | None = None


@dataclass(eq=False)
class Listener:
    audience: Audience
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False


class Hub:
    """`seen` is the last number for which bells were rung; None while nobody listens."""

    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self.seen: int | None = None

    def count(self, account: str) -> int:
        return sum(each.audience.account == account for each in self.listeners)

    def ring(self, locations: Collection[UUID | None] | None = None) -> None:
        """Wakes the staff, and the customers of those locations; without locations everybody."""
        for each in self.listeners:
            place = each.audience.location_id
            if locations is None or place is None or place in locations:
                each.bell.set()

    def end(self, listener: Listener) -> None:
        listener.over = True
        listener.bell.set()
