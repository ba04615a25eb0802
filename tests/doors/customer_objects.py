"""One of everything that a path of the customer service names."""

from typing import Any

from harness import client, feed
from households import created
from shared.db import uuid7
from shared.events.dispatch import dispatch_id
from shared.service import Running


async def make(running: Running[Any]) -> dict[str, str]:
    number = str(uuid7())
    async with client(running, "office.admin") as office:

        async def new(path: str, **body: Any) -> str:
            answer = await office.post(f"/v1/{path}?force=true", json=body)
            assert answer.status_code == 201, answer.text
            return answer.json()["id"]

        one, other, third = [await new("customers", name=f"Pat Sample {number} {each}") for each in "abc"]
        place = await new("locations", customer_id=one, zone="America/Chicago")
        merge = (await office.post("/v1/merges", json={"from_id": third, "into_id": other})).json()["id"]
        await feed(running, created(number))
        return {
            "/v1/customers/{id}": one,
            "/v1/locations/{id}": place,
            "/v1/contacts/{id}": await new("contacts", customer_id=one, name="Lee"),
            "/v1/equipment/{id}": await new("equipment", location_id=place, description="Oven"),
            "/v1/agreements/{id}": await new("agreements", location_id=place, name="Plan"),
            "/v1/merges/{id}": merge,
            "/v1/matches/{dispatch_id}": str(dispatch_id("ahs", number)),
            "?location_id": place,
            "?customer_id": one,
        }
