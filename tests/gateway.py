"""Simulated gateways on a real port, and the payments service that uses them."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import shared.db
import uvicorn
from bills import ticket
from fastapi import FastAPI
from gateways import ACCOUNTS, HEARD_WITH, account_at
from payments.flows.janitor import look_through
from payments.flows.webhooks import apply_waiting
from payments.gateways import WITHOUT_PAGE
from shared.service import Running
from simulators.gateways.all import GATEWAYS
from starlette.types import ASGIApp, Receive, Scope, Send

SECRET: str = ACCOUNTS["sandbox"]["webhook_secret"]


Heard = list[tuple[str, dict[str, str]]]


class Payer:
    """A gateway's stand-in as a person meets it: pages, faults to order, and its own ledger. `heard` is the
    path and the headers of every request to it."""

    def __init__(self, name: str, url: str, http: httpx.AsyncClient, app: FastAPI, heard: Heard) -> None:
        self.name, self.url, self.http, self.app, self.heard = name, url, http, app, heard

    async def fault(self, mode: str, **more: Any) -> None:
        (await self.http.post(f"{self.url}/faults", json={"mode": mode, **more})).raise_for_status()

    async def ledger(self) -> list[dict[str, Any]]:
        return (await self.http.get(f"{self.url}/ledger")).raise_for_status().json()

    async def charges(self) -> list[dict[str, Any]]:
        """Sales that took money."""
        rows = await self.ledger()
        return [row for row in rows if row["kind"] == "sale" and row["status"] in ("approved", "review")]

    async def decide(self, page: str, decision: str = "pay") -> str:
        """Acts on the hosted page; where the browser is sent back to."""
        shown = (await self.http.get(page, follow_redirects=True)).raise_for_status()
        answer = await self.http.post(shown.url, data={"decision": decision, "card": "visa 4242"})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def calls(self, service: str) -> None:
        """From now on it sends its webhooks to the payments service at `service`."""
        secret = ACCOUNTS[self.name][HEARD_WITH[self.name]]
        target = {"url": f"{service}/v1/gateway-webhooks/{self.name}", "secret": secret}
        (await self.http.put(f"{self.url}/webhook", json=target)).raise_for_status()

    async def settle(self) -> None:
        (await self.http.post(f"{self.url}/ledger/settle")).raise_for_status()


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncGenerator[str]:
    """The app on a port of its own; where."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await task


@asynccontextmanager
async def gateway_at_work(name: str, folder: Path) -> AsyncGenerator[Payer]:
    app = GATEWAYS[name](folder)
    heard: Heard = []

    async def listening(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append((scope["path"], {key.decode(): value.decode() for key, value in scope["headers"]}))
        await app(scope, receive, send)

    async with serving(listening) as url, httpx.AsyncClient(timeout=10) as http:
        yield Payer(name, url, http, app, heard)


def sandbox(folder: Path) -> AbstractAsyncContextManager[Payer]:
    return gateway_at_work("sandbox", folder)


async def connected(office: httpx.AsyncClient, payer: Payer, **more: Any) -> dict[str, Any]:
    """The gateway as the service's default for everything that it can."""
    body = {"gateway": payer.name, "name": payer.name, "fields": account_at(payer.name, payer.url)}
    body |= {"default_cards": True, "default_portal": payer.name not in WITHOUT_PAGE}
    answer = await office.post("/v1/gateway-accounts", json={**body, **more})
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


async def check_out(office: httpx.AsyncClient, bill: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"ticket": ticket(bill["customer_id"], bill["id"]), **more}
    return await office.post("/v1/checkouts", json=body)


async def come_back(office: httpx.AsyncClient, url: str) -> httpx.Response:
    """The page that the payer ends on."""
    path = httpx.URL(url)
    answer = await office.get(path.path, params=path.params)
    assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
    assert "?" not in answer.headers["location"]
    return await office.get(answer.headers["location"])


async def charge(
    office: httpx.AsyncClient, bill: dict[str, Any], token: str = "tok_visa", **more: Any
) -> Any:
    """An attempt with a token of the browser."""
    body = {"invoices": [{"invoice_id": bill["id"]}], "token": token, **more}
    answer = await office.post("/v1/payment-attempts", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()
