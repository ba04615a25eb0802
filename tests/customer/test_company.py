"""The company's zone is that of a location whose address does not tell it."""

from typing import Any

from harness import client, feed
from shared.events.portal import CompanyChanged
from shared.service import Running


async def test_the_zone_of_the_company_is_the_default(run: Running[Any]) -> None:
    async with client(run, "office.dispatcher") as office:

        async def zone() -> str:
            body = {"name": "Pat Example", "location": {"address": {"street": "1 A ST"}}}
            made = await office.post("/v1/customers", params={"force": True}, json=body)
            places = await office.get("/v1/locations", params={"customer_id": made.json()["id"]})
            return places.json()["items"][0]["zone"]

        assert await zone() == run.settings.default_zone
        for version, name in ((2, "America/Denver"), (1, "America/Phoenix")):
            await feed(run, CompanyChanged(version=version, name="Sample", zone=name))
        assert await zone() == "America/Denver"
