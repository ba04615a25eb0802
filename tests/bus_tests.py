"""Events and a bus for tests of what carries them."""

import asyncio
from typing import Any

import pydantic_core
from shared.bus import BusDown, LocalBus
from shared.db import uuid7
from shared.events.dispatch import DispatchMentioned
from shared.service import Running


def mention(number: str) -> DispatchMentioned:
    return DispatchMentioned(
        mail_id=uuid7(), partner="ahs", number=number, subject="s", received_at="2026-01-05T10:00:00Z"
    )


class Told(LocalBus):
    """Takes down what it is told; refuses the next `refusals` times, and says nothing until `gate` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[str] = []
        self.refusals = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def publish(self, name: str, body: bytes, source: str) -> None:
        await self.gate.wait()
        if self.refusals:
            self.refusals -= 1
            raise BusDown("refused")
        self.numbers += [envelope["data"]["number"] for envelope in pydantic_core.from_json(body)]


async def say(speaker: Running[Any], *numbers: int, subject: str = "") -> None:
    """Events with these numbers, each about itself or all about `subject`."""
    async with speaker.work() as work:
        for number in numbers:
            work.emit(mention(str(number)), subject or str(number))
