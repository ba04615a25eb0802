"""What customers say at their own door."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from harness import client, feed, of, said
from households import created
from shared.events.customer import CustomerChanged, CustomerMatched, LocationChanged
from shared.events.dispatch import Address, Phone
from shared.events.portal import CustomerChangeAnswered, CustomerChangeRequested, CustomerEdit
from shared.service import Running

HOME = {"name": "Pat Example", "location": {"address_text": "12 N Sample St, Anytown, TX 75001"}}


async def household(office: httpx.AsyncClient) -> dict[str, UUID]:
    made = (await office.post("/v1/customers?force=true", json=HOME)).json()
    places = (await office.get("/v1/locations", params={"customer_id": made["id"]})).json()["items"]
    return {"customer_id": UUID(made["id"]), "location_id": UUID(places[0]["id"])}


def change(mine: dict[str, UUID], versions: tuple[int, int] = (1, 1), **edit: Any) -> CustomerChangeRequested:
    return CustomerChangeRequested(
        change_id=uuid4(),
        account_id=uuid4(),
        customer_version=versions[0],
        location_version=versions[1],
        edit=CustomerEdit(**edit),
        **mine,
    )


async def test_a_requested_dispatch_belongs_to_who_asked(run: Running[Any]) -> None:
    async with client(run, "office.admin") as office:
        mine, other = await household(office), await household(office)
        await said(run)
        # the text would fit somebody else: it is not looked at
        asked = created(partner=None).model_copy(update=mine)
        await feed(run, asked, asked.model_copy(update={"version": 2}))
        assert of(await said(run), CustomerMatched) == []
        merge = {"from_id": str(mine["customer_id"]), "into_id": str(other["customer_id"])}
        assert (await office.post("/v1/merges", json=merge)).status_code == 201
        (moved,) = of(await said(run), CustomerMatched)
        assert (moved.dispatch_id, moved.state) == (asked.dispatch_id, "confirmed")
        assert (moved.customer_id, moved.location_id) == (other["customer_id"], other["location_id"])
        assert moved.match_version > 1


async def test_a_change_is_applied_and_answered(run: Running[Any]) -> None:
    async with client(run, "office.admin") as office:
        mine = await household(office)
        await said(run)
        phones, home = (Phone(type="CELL", number="651-555-0137"),), Address(street="14 OAK ST", state="AZ")
        event = change(mine, name="Pat Sample", email="pat@example.com", phones=phones, address=home)
        await feed(run, event)
        events = await said(run)
        (answer,) = of(events, CustomerChangeAnswered)
        assert (answer.change_id, answer.state, answer.reason) == (event.change_id, "applied", None)
        (now,) = of(events, CustomerChanged)
        assert (now.version, now.name, now.phones[0].number) == (2, "Pat Sample", "+16515550137")
        (place,) = of(events, LocationChanged)
        assert (place.version, place.address.street, place.zone) == (2, "14 OAK ST", "America/Phoenix")


@pytest.mark.parametrize("why", ["customer", "location", "closed", "foreign"])
async def test_a_change_of_what_has_changed_is_refused_whole(run: Running[Any], why: str) -> None:
    async with client(run, "office.admin") as office:
        mine = await household(office)
        if why == "closed":
            path = f"/v1/locations/{mine['location_id']}"
            assert (await office.delete(path, headers={"If-Match": '"1"'})).status_code == 204
        if why == "foreign":
            mine["customer_id"] = (await household(office))["customer_id"]
        await said(run)
        seen = {"customer": (7, 1), "location": (1, 7), "closed": (1, 2)}.get(why, (1, 1))
        await feed(run, change(mine, seen, name="Kim", address=Address(street="1 ELM")))
        (answer,) = await said(run)
        assert isinstance(answer, CustomerChangeAnswered)
        assert answer.state == "refused"
        assert answer.reason
