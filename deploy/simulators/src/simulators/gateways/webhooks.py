"""A simulated gateway's calls to its customer: signed, repeated until they are taken, and misbehaving to
order."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import httpx
from pydantic import BaseModel, ConfigDict, Field

from simulators.gateways.faults import Faults

TRIES = 5
Sign = Callable[[bytes, str], Mapping[str, str]]


class Target(BaseModel):
    """Where to, and the secret (or, at PayPal, the webhook's id) that both sides know."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(pattern="^https?://", max_length=2000)]
    secret: Annotated[str, Field(min_length=1, max_length=200)]


@dataclass
class Caller:
    """`client` is only given by tests that call an app without a network. `sent` is every body, in order.
    While `holds`, calls are kept in `held`, for `deliver` to send in any order, twice or never."""

    faults: Faults
    client: httpx.AsyncClient | None = None
    target: Target | None = None
    sent: list[bytes] = field(default_factory=list[bytes])
    holds: bool = False
    held: list[tuple[bytes, Sign, str]] = field(default_factory=list["tuple[bytes, Sign, str]"])
    _tasks: set[asyncio.Task[None]] = field(default_factory=set["asyncio.Task[None]"])

    def tell(self, write: Callable[[bool], bytes], sign: Sign) -> None:
        """Sends what `write` makes (of whether the amount is to be wrong), later."""
        if self.target is None or self.faults.take("webhook_none"):
            return
        late, replay = self.faults.take("webhook_late"), self.faults.take("webhook_replay")
        body = write(self.faults.take("webhook_wrong_amount") is not None)
        secret = secrets.token_urlsafe() if self.faults.take("webhook_unsigned") else self.target.secret
        self.sent.append(body)
        if self.holds:
            self.held.append((body, sign, secret))
            return
        for _ in range(5 if replay else 1):
            task = asyncio.create_task(self._send(body, sign, secret, late.seconds if late else 0))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def deliver(self, at: int, *, again: bool = False) -> None:
        """Sends one of those that are held, once; `again`: and keeps it."""
        body, sign, secret = self.held[at] if again else self.held.pop(at)
        if self.target is not None and self.client is not None:
            headers = {"Content-Type": "application/json", **sign(body, secret)}
            await self.client.post(self.target.url, content=body, headers=headers)

    async def settled(self) -> None:
        """When nothing is on the way any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def _send(self, body: bytes, sign: Sign, secret: str, late: float) -> None:
        await asyncio.sleep(late)
        target = self.target
        for attempt in range(TRIES):
            if target is None:
                return
            headers = {"Content-Type": "application/json", **sign(body, secret)}
            try:
                if self.client is not None:
                    answer = await self.client.post(target.url, content=body, headers=headers)
                else:
                    async with httpx.AsyncClient(timeout=10) as client:
                        answer = await client.post(target.url, content=body, headers=headers)
                if answer.status_code < 500:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.2 * 2**attempt)
