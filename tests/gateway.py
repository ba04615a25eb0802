"""The simulated sandbox gateway on a real port, and the payments service that uses it."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import shared.db
import uvicorn
from fastapi import FastAPI
from payments.flows.janitor import look_through
from payments.flows.webhooks import apply_waiting
from shared.service import Running
from simulators.gateways.sandbox import create_app

SECRET = "whsec_for_tests"


class Payer:
    """A gateway's stand-in as a person meets it: pages, faults to order, and its own ledger."""

    def __init__(self, url: str, http: httpx.AsyncClient, app: FastAPI) -> None:
        self.url, self.http, self.app = url, http, app

    async def fault(self, mode: str, **more: Any) -> None:
        (await self.http.post(f"{self.url}/faults", json={"mode": mode, **more})).raise_for_status()

    async def ledger(self) -> list[dict[str, Any]]:
        return (await self.http.get(f"{self.url}/ledger")).raise_for_status().json()

    async def charges(self) -> list[dict[str, Any]]:
        """Sales that took money."""
        rows = await self.ledger()
        return [row for row in rows if row["kind"] == "sale" and row["status"] in ("approved", "review")]

    async def decide(self, page: str, decision: str = "pay") -> str:
        """Acts on the hosted page; where the browser is sent back to (path and query)."""
        answer = await self.http.post(page, data={"decision": decision, "card": "visa 4242"})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def settle(self) -> None:
        (await self.http.post(f"{self.url}/ledger/settle")).raise_for_status()


@asynccontextmanager
async def sandbox(folder: Path) -> AsyncGenerator[Payer]:
    app = create_app(folder)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx.AsyncClient(timeout=10) as http:
            yield Payer(url, http, app)
        server.should_exit = True
        await task


async def connected(office: httpx.AsyncClient, payer: Payer, **more: Any) -> dict[str, Any]:
    """The sandbox as the service's default for everything."""
    fields = {"base_url": payer.url, "webhook_secret": SECRET}
    body = {"gateway": "sandbox", "name": "Sandbox", "fields": fields, "default_cards": True}
    answer = await office.post("/v1/gateway-accounts", json={**body, "default_portal": True, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


class Clock:
    """The time of the service, moved by the test."""

    def __init__(self, monkeypatch: Any) -> None:
        self.ahead = timedelta()
        real = shared.db.clock
        monkeypatch.setattr(shared.db, "clock", lambda: real() + self.ahead)

    def now(self) -> datetime:
        return shared.db.clock()

    async def pass_by(self, running: Running[Any], **time: float) -> None:
        """Lets time go by, and the service do what is then due."""
        self.ahead += timedelta(**time)
        await apply_waiting(running)
        while await look_through(running):
            pass


async def state_of(office: httpx.AsyncClient, id: str | UUID) -> str:
    return (await office.get(f"/v1/payment-attempts/{id}")).raise_for_status().json()["state"]
