"""What the tests of webhooks share: quick settings, an event, and the office's view."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from receiver import Receiver
from shared.events.dispatch import StatusChanged

QUICK: dict[str, Any] = {
    "webhook_seconds": 1,
    "webhook_pauses": (0.02, 0.02, 0.02),
    "webhook_ports": (),
    "webhook_http": True,
    "webhook_private_hosts": True,
}
AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def changed(version: int = 1, id: UUID | None = None) -> StatusChanged:
    return StatusChanged(
        dispatch_id=id or uuid4(), version=version, old="Pending", new="Scheduled", at=AT, by="office"
    )


async def subscribe(office: httpx.AsyncClient, target: Receiver, **more: Any) -> dict[str, Any]:
    body = {"url": target.url, "events": ["dispatch.status_changed"], **more}
    answer = await office.post("/v1/webhook-subscriptions", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def deliveries(office: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    return (await office.get("/v1/webhook-deliveries", params=query)).json()["items"]


async def settled(office: httpx.AsyncClient, count: int, **query: Any) -> list[dict[str, Any]]:
    async with asyncio.timeout(10):
        while len(found := [row for row in await deliveries(office, **query) if row["settled_at"]]) < count:
            await asyncio.sleep(0.02)
    return found


async def tries(office: httpx.AsyncClient, id: str) -> list[dict[str, Any]]:
    return (await office.get(f"/v1/webhook-deliveries/{id}")).json()["tries"]


async def subscription(office: httpx.AsyncClient, id: str) -> dict[str, Any]:
    return (await office.get(f"/v1/webhook-subscriptions/{id}")).json()
