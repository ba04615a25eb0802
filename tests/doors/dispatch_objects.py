"""One of everything that a path of the dispatch service names."""

from typing import Any

from dispatches import content, received
from harness import client, feed
from shared.db import uuid7
from shared.events.dispatch import dispatch_id
from shared.service import Running

ACCOUNT = {"url": "http://127.0.0.1:9", "company_id": "1", "user_id": "1", "password": "secret"}


async def make(running: Running[Any]) -> dict[str, str]:
    number = str(uuid7().int)[-20:]
    id = str(dispatch_id("ahs", number))
    async with client(running, "office.admin") as office:

        async def new(path: str, **body: Any) -> str:
            answer = await office.post(f"/v1/{path}", json=body)
            assert answer.status_code == 201, answer.text
            return answer.json().get("id", "")

        first = {"If-Match": '"0"'}
        await office.put("/v1/partner-accounts/ahs", json=ACCOUNT, headers=first)
        await feed(running, received(content(number)))
        await feed(running, received(content(number, priority="URGENT")))
        technician = await new("technicians", name="Kim")
        await new("status-codes", code=number)
        window = {"start": "2026-03-02T08:00:00Z", "end": "2026-03-02T10:00:00Z"}
        appointment = await new(f"dispatches/{id}/appointments", **window)
        (delivery, *_) = (await office.get("/v1/deliveries", params={"dispatch_id": id})).json()["items"]
        (alert, *_) = (await office.get("/v1/alerts", params={"dispatch_id": id})).json()["items"]
        return {
            "/v1/dispatches/{id}": id,
            "/v1/dispatches/{id}/appointments/{appointment_id}": appointment,
            "/v1/technicians/{id}": technician,
            "/v1/status-codes/{code}": number,
            "/v1/status-associations/{partner}": "ahs",
            "/v1/partner-accounts/{partner}": "ahs",
            "/v1/deliveries/{id}": delivery["id"],
            "/v1/alerts/{id}": alert["id"],
        }
