"""One of everything that a path of portal-api names, of one household; and another household to ask from."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from harness import client, feed
from people import CHEAP
from pictures import jpeg
from portal import bill, household, member, visit
from portal_api.models.webhooks import webhook_delivery
from shared.events.dispatch import StatusChanged
from shared.events.money import SavedCardChanged
from shared.service import Running
from sqlalchemy import select

SETTINGS: dict[str, Any] = {**CHEAP, "webhook_private_hosts": True, "webhook_http": True, "webhook_ports": ()}
BRIEF: dict[str, Any] = {"stream_seconds": 0.1}  # for callers who wait until an answer ends


async def make(running: Running[Any]) -> dict[str, str]:
    home, away = await household(running), await household(running)
    tenant = await member(running, home.customer_id, home.location_id, administrator=False)
    other = await member(running, home.customer_id, home.location_id, administrator=False)
    stranger = await member(running, away.customer_id, away.location_id, administrator=False)
    async with client(running, "office.admin") as office, home.door(running) as owner:

        async def new(path: str, **body: Any) -> str:
            answer = await office.post(f"/v1/{path}", json=body)
            assert answer.status_code == 201, answer.text
            return answer.json()["id"]

        hook = await new(
            "webhook-subscriptions", url="http://127.0.0.1:9/hook", events=["dispatch.status_changed"]
        )
        await feed(running, _changed())
        photo = await owner.post("/v1/me/photos", content=jpeg(), headers={"Content-Type": "image/jpeg"})
        staff = f"{uuid4().hex}@contractor.example"
        return {
            "/v1/accounts/{id}": str(other.account_id),
            "/v1/me/accounts/{id}": str(other.account_id),
            "/v1/me/dispatches/{id}": str(await visit(running, home)),
            "/v1/me/invoices/{id}": str(await bill(running, home)),
            "/v1/me/cards/{id}": str(await _card(running, home.customer_id)),
            "/v1/photos/{id}": photo.json()["id"],
            "/v1/staff/{id}": await new("staff", email=staff, name="Sam", role="technician"),
            "/v1/api-clients/{id}": await new(
                "api-clients", name=f"Sync {staff}", roles=["office.admin"], scopes=["customers:read"]
            ),
            "/v1/webhook-subscriptions/{id}": hook,
            "/v1/webhook-deliveries/{id}": await _delivery(running, UUID(hook)),
            "/v1/message-templates/{message}": "invitation",
            "/v1/unsubscribe/{token}": "unknown",
            "/v1/session/all/{id}": str(uuid4()),
            "@customer": str(tenant.account_id),
            "@customer.admin": str(home.account_id),
            "@customer of another household": str(stranger.account_id),
            "@customer.admin of another household": str(away.account_id),
        }


def _changed() -> StatusChanged:
    at = datetime(2026, 3, 2, 15, tzinfo=UTC)
    return StatusChanged(dispatch_id=uuid4(), version=1, old="Pending", new="Scheduled", at=at, by="office")


async def _card(running: Running[Any], customer_id: UUID) -> UUID:
    id = uuid4()
    await feed(running, SavedCardChanged(card_id=id, version=1, customer_id=customer_id, last4="4242"))
    return id


async def _delivery(running: Running[Any], hook: UUID) -> str:
    found = select(webhook_delivery.c.id).where(webhook_delivery.c.subscription_id == hook)
    async with running.database.read() as read:
        return str((await read.execute(found)).scalars().first())
