"""A household's way through the whole house: invited, logged on, a visit asked for, followed, moved and taken
back. All services, in one process with the bus inside, or on RabbitMQ and PostgreSQL."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from embedded.house import SERVICES
from harness import at_work
from localservers import Postgres
from people import CHEAP, OTHER, log_on, new_staff
from pictures import with_place
from shared.app import create_app
from shared.bus import Bus, LocalBus
from shared.rabbit import RabbitBus
from shared.service import Running

NEW = {
    "name": "Pat Example",
    "email": "pat@example.com",
    "location": {"address_text": "12 N Sample St, Anytown, TX 75001"},
}


@dataclass
class Person:
    """A browser that exchanges its cookie for an access token, as the pages do."""

    http: httpx.AsyncClient

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        token = (await self.http.post("/v1/session/token")).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **more)

    async def __call__(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        answer = await self.ask(method, path, **more)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


@pytest.fixture(params=["local", "rabbit"])
async def door(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Callable[[], Person]]:
    """Opens browsers on the one origin of all services."""
    local = request.param == "local"
    bus: Bus = LocalBus() if local else RabbitBus(request.getfixturevalue("bus_url"))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bus.close)
        running: list[Running[Any]] = []
        for service in SERVICES:
            url = f"sqlite+aiosqlite:///{tmp_path}/{service.name}.db"
            if not local:
                server: Postgres = request.getfixturevalue("postgres")
                url = server.url(server.unused_name())
            settings: dict[str, Any] = {"jwks_url": "/v1/jwks", "mail_dir": str(tmp_path / "mail")}
            settings |= CHEAP if service.name == "portal-api" else {}
            opened = at_work(service, url, bus, loops=True, **settings)
            running.append(await stack.enter_async_context(opened))
        await new_staff(running[-1])
        app = create_app(*running, loops=False)

        def browser() -> Person:
            base, headers = "https://portal.contractor.test", {"X-Requested-With": "callboard"}
            http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base, headers=headers)
            stack.push_async_callback(http.aclose)
            return Person(http)

        yield browser


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 30) -> Any:
    """What `look` finds, once it finds something."""
    async with asyncio.timeout(seconds):
        while not (found := await look()):
            await asyncio.sleep(0.05)
    return found


async def invited(
    office: Person, person: Person, location_id: str, name: str, *, administrator: bool
) -> None:
    """Lets somebody in, who chooses a password and logs on."""
    email = f"{name}@household.example"
    new = {"location_id": location_id, "email": email, "name": name.title(), "administrator": administrator}

    async def invite() -> Any:  # portal-api may not have heard of the location yet
        answer = await office.ask("POST", "/v1/accounts", json={**new, "send": False})
        assert answer.status_code in (201, 404), answer.text
        return answer.json() if answer.status_code == 201 else None

    account = await until(invite)
    first = (await office("POST", f"/v1/accounts/{account['id']}/password"))["password"]
    assert (await log_on(person.http, email, first)).status_code == 200
    change = {"password": first, "new_password": OTHER}
    assert (await person.http.post("/v1/session/password", json=change)).status_code == 200


async def test_a_household_asks_for_a_visit(door: Callable[[], Person]) -> None:
    office, pat, lee = door(), door(), door()
    assert (await log_on(office.http, "anna@contractor.example")).status_code == 200
    technician = await office("POST", "/v1/technicians", 201, json={"name": "Ana", "is_default": True})
    customer = await office("POST", "/v1/customers", 201, json=NEW)
    (place,) = (await office("GET", "/v1/locations", params={"customer_id": customer["id"]}))["items"]
    await invited(office, pat, place["id"], "pat", administrator=True)
    await invited(office, lee, place["id"], "lee", administrator=False)
    home = await pat("GET", "/v1/me/home")
    assert (home["customer"], home["open"], home["owed"]) == ("Pat Example", [], [])

    first, second, *_ = (await pat("GET", "/v1/me/windows"))["windows"]
    photo = await pat("POST", "/v1/me/photos", 201, content=with_place())
    wish = {"problem": "no cold water", "trade": "Plumbing", "photos": [photo["id"]], "start": first["start"]}
    wish["contact"] = {"name": "Lee", "phone": "651-555-0137"}
    made = await pat("POST", "/v1/me/requests", 201, json=wish, headers={"Idempotency-Key": "one"})

    async def on_the_board() -> Any:
        rows = (await office("GET", "/v1/dispatches", params={"q": made["number"]}))["items"]
        return next((row for row in rows if row["status"] == "Scheduled"), None)

    row = await until(on_the_board)
    path, mine = f"/v1/dispatches/{row['id']}", f"/v1/me/dispatches/{made['id']}"
    assert (row["id"], row["partner"], row["technician_id"]) == (made["id"], None, technician["id"])
    assert (row["scheduled_start"], row["scheduled_end"]) == (first["start"], first["end"])
    whole = await office("GET", path)
    assert (whole["customer_id"], whole["location_id"]) == (customer["id"], place["id"])
    (note,) = whole["content"]["notes"]
    picture = await office.ask("GET", note["text"])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert (await office("GET", "/v1/deliveries"))["items"] == []

    await office("PUT", f"{path}/status", json={"status": "Traveling"})

    async def on_the_way() -> Any:
        shown = (await lee("GET", "/v1/me/home"))["next_appointment"]
        return shown if shown and shown["status"] == "Traveling" else None

    shown = await until(on_the_way)
    assert (shown["words"], shown["appointment"]["technician"]) == ("Your technician is on the way", "Ana")
    assert shown["appointment"]["start"] == first["start"]

    await pat("POST", f"{mine}/changes", 202, json={"action": "reschedule", "start": second["start"]})

    async def moved() -> Any:
        seen = await pat("GET", mine)
        there = seen["appointment"] and seen["appointment"]["start"] == second["start"]
        return there and seen["changes"][0]["state"] == "applied"

    await until(moved)
    assert (await office("GET", path))["scheduled_start"] == second["start"]
    assert first in (await pat("GET", "/v1/me/windows"))["windows"]

    await lee("GET", "/v1/me/invoices", 403)
    record = await lee.ask("GET", "/v1/me/record")
    edit = {"phones": [{"number": "(651) 555-0199"}]}
    await lee("PATCH", "/v1/me/record", 403, json=edit, headers={"If-Match": record.headers["etag"]})
    await pat("PATCH", "/v1/me/record", 202, json=edit, headers={"If-Match": record.headers["etag"]})

    async def applied() -> Any:
        (change,) = await pat("GET", "/v1/me/record/changes")
        return change["state"] == "applied" and (await pat("GET", "/v1/me/record"))["phones"]

    (phone,) = await until(applied)
    assert phone["number"] == "+16515550199"
    assert (await office("GET", f"/v1/customers/{customer['id']}"))["phones"] == [phone | {"type": None}]

    await pat("POST", f"{mine}/changes", 202, json={"action": "cancel", "reason": "works again"})

    async def cancelled() -> Any:
        seen = await pat("GET", mine)
        return seen["closed"] and [change["state"] for change in seen["changes"]] == ["applied", "applied"]

    await until(cancelled)
    assert (await office("GET", path))["status"] == "Cancelled"
    assert (await pat("GET", "/v1/me/home"))["open"] == []
    assert (await office("GET", "/v1/deliveries"))["items"] == []  # no partner was told of any of it
