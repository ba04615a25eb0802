"""The request wizard: free windows, photos, the request itself, and its changes."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from harness import client, feed, of, said
from pictures import jpeg, with_place
from portal import ZONE, Home, default_technician, household, ok, visit
from portal_api.flows.requests import request_service
from shared.events.customer import Equipment, EquipmentChanged
from shared.events.dispatch import DispatchContent, DispatchCreated, DispatchScheduled, StatusChanged
from shared.events.portal import Contact, RequestChangeAnswered, RequestChangeAsked, ServiceRequested
from shared.service import Running

CONTACT = {"name": "Lee", "phone": "(555) 010-0009"}
WISH = {"problem": "no cold water", "contact": CONTACT, "preferred": "evenings"}


@pytest.fixture
async def pat(run: Running[Any]) -> Home:
    return await household(run)


@pytest.fixture
async def http(run: Running[Any], pat: Home) -> AsyncGenerator[httpx.AsyncClient]:
    async with pat.door(run) as signed_in:
        yield signed_in


async def windows(http: httpx.AsyncClient, **query: Any) -> list[dict[str, str]]:
    return (await ok(await http.get("/v1/me/windows", params=query)))["windows"]


async def taken(run: Running[Any], window: dict[str, str], technician: UUID, id: UUID | None = None) -> None:
    """The dispatch service tells of an appointment in that window."""
    event = DispatchScheduled(
        dispatch_id=id or uuid4(),
        version=5,
        appointment_id=uuid4(),
        technician_id=technician,
        start=datetime.fromisoformat(window["start"]),
        end=datetime.fromisoformat(window["end"]),
        zone=ZONE,
    )
    await feed(run, event)


async def test_windows_are_the_companys_less_those_that_are_taken(
    run: Running[Any], http: httpx.AsyncClient
) -> None:
    technician = await default_technician(run)
    found = await windows(http, days=21)
    assert 28 <= len(found) <= 30
    zone = ZoneInfo(ZONE)
    times = [
        tuple(datetime.fromisoformat(each[end]).astimezone(zone) for end in ("start", "end"))
        for each in found
    ]
    assert {(f"{start:%H:%M}", f"{end:%H:%M}") for start, end in times} == {
        ("08:00", "12:00"),
        ("12:00", "17:00"),
    }
    assert {start.weekday() for start, _ in times} == {0, 1, 2, 3, 4}
    assert min(times)[0] > datetime.now(UTC)
    await taken(run, found[0], technician)
    await taken(run, found[1], uuid4())  # somebody else's time
    assert await windows(http, days=21) == found[1:]


async def test_a_request_takes_its_window_and_is_seen_at_once(
    run: Running[Any], pat: Home, http: httpx.AsyncClient
) -> None:
    await default_technician(run)
    neighbour = await household(run)
    item = uuid4()
    fridge = Equipment(description="Refrigerator", brand="Cold Co")
    about: dict[str, Any] = {"equipment_id": item, "location_id": pat.location_id, "version": 1}
    await feed(run, EquipmentChanged(equipment=fridge, **about))
    photos = [(await ok(await http.post("/v1/me/photos", content=jpeg()), 201))["id"] for _ in range(2)]
    first, second, *_ = await windows(http)
    await said(run)
    wish = {
        "problem": "not cooling",
        "trade": "Appliance",
        "equipment_id": str(item),
        "photos": photos,
        "start": first["start"],
        "contact": CONTACT | {"email": "lee@example.com"},
        "notes": "gate code 7",
    }
    keyed = {"Idempotency-Key": "once"}
    answer = await http.post("/v1/me/requests", json=wish, headers=keyed)
    made = await ok(answer, 201)
    assert (made["number"], made["start"], made["end"]) == ("R1001", first["start"], first["end"])
    assert (await http.post("/v1/me/requests", json=wish, headers=keyed)).json() == made
    (event,) = of(await said(run), ServiceRequested)
    assert (str(event.request_id), event.customer_id, event.location_id) == (
        made["id"],
        pat.customer_id,
        pat.location_id,
    )
    assert (event.equipment, event.customer_name, event.zone) == (
        "Refrigerator, Cold Co",
        "Pat Example",
        ZONE,
    )
    assert event.photos == tuple(f"/v1/photos/{id}" for id in photos)
    assert (event.contact.phones[0].number, event.address.street) == ("(555) 010-0009", "12 N SAMPLE ST")
    assert await windows(http) != await windows(http, instead_of=made["id"])
    assert (await windows(http))[0] == second
    shown = await ok(await http.get(answer.headers["location"]))
    assert (shown["number"], shown["status"], shown["words"]) == (
        "R1001",
        "Requested",
        "We have your request",
    )
    assert shown["photos"] == photos
    async with neighbour.door(run) as other:
        lost = await other.post("/v1/me/requests", json=WISH | {"preferred": None, "start": first["start"]})
        assert (lost.status_code, lost.json()["free"][0]["start"][:16]) == (409, second["start"][:16])
        assert (await other.get(f"/v1/photos/{photos[0]}")).status_code == 404
        assert (await other.get(answer.headers["location"])).status_code == 404
        assert (await other.get("/v1/me/windows", params={"instead_of": made["id"]})).status_code == 404
    async with client(run, "technician") as staff:
        picture = await staff.get(f"/v1/photos/{photos[0]}")
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")


async def test_of_two_who_want_the_last_window_one_wins(run: Running[Any], http: httpx.AsyncClient) -> None:
    """Of two homes in different zones too, whose windows overlap."""
    technician = await default_technician(run)
    offered = await windows(http)
    last = offered.pop()
    for window in offered:
        await taken(run, window, technician)
    homes = [await household(run, zone=zone) for zone in (ZONE, ZONE, "America/Denver")]
    async with homes[2].door(run) as west:
        (later,) = [
            each
            for each in await windows(west)
            if last["start"] < each["start"] < last["end"] or each["start"] == last["end"]
        ][:1]

    async def want(home: Home, start: str) -> int:
        async with home.door(run) as door:
            body = WISH | {"preferred": None, "start": start}
            return (await door.post("/v1/me/requests", json=body)).status_code

    got = await asyncio.gather(
        *(want(home, last["start"]) for home in homes[:2]), want(homes[2], later["start"])
    )
    assert sorted(got) == [201, 409, 409]


async def test_a_window_becomes_free_again(run: Running[Any], pat: Home, http: httpx.AsyncClient) -> None:
    technician = await default_technician(run)
    first, second, *_ = await windows(http)
    body = WISH | {"preferred": None, "start": first["start"]}
    id = UUID((await ok(await http.post("/v1/me/requests", json=body), 201))["id"])
    await taken(run, second, technician, id)  # the office put it into another one
    assert (await windows(http))[0] == first
    other = UUID((await ok(await http.post("/v1/me/requests", json=body), 201))["id"])
    assert first not in await windows(http)
    cancelled: dict[str, Any] = {"version": 6, "new": "Cancelled", "at": datetime.now(UTC), "by": "office"}
    await feed(run, StatusChanged(dispatch_id=other, closed=True, **cancelled))
    assert first in await windows(http)


@pytest.mark.parametrize("what", ["both", "neither", "equipment", "photo", "past", "odd", "phone", "nul"])
async def test_a_request_that_cannot_be(run: Running[Any], http: httpx.AsyncClient, what: str) -> None:
    neighbour = await household(run)
    async with neighbour.door(run) as other:
        foreign = (await ok(await other.post("/v1/me/photos", content=jpeg()), 201))["id"]
    (first, *_) = await windows(http)
    late = datetime.fromisoformat(first["start"])
    bad: dict[str, Any] = {
        "both": {"start": first["start"]},
        "neither": {"preferred": None},
        "equipment": {"equipment_id": str(uuid4())},
        "photo": {"photos": [foreign]},
        "past": {"preferred": None, "start": (late - timedelta(days=28)).isoformat()},
        "odd": {"preferred": None, "start": (late + timedelta(minutes=1)).isoformat()},
        "phone": {"contact": CONTACT | {"phone": "call me"}},
        "nul": {"problem": "a\x00b"},
    }
    await said(run)
    answer = await http.post("/v1/me/requests", json=WISH | bad[what])
    assert answer.status_code == 422, answer.text
    assert await said(run) == []


async def test_photos_at_the_door(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/me/photos", content=with_place())
    sent = await ok(answer, 201)
    assert (sent["width"], sent["height"]) == (40, 60)
    picture = await http.get(answer.headers["location"])
    assert b"SecretPhoneMaker" not in picture.content
    assert (await http.post("/v1/me/photos", content=b"%PDF-1.7")).status_code == 422
    assert (await http.post("/v1/me/photos", content=b"")).status_code == 422
    assert (await http.post("/v1/me/photos", content=bytes(10 * 1024 * 1024 + 1))).status_code == 413
    large = jpeg() + bytes(9 * 1024 * 1024)  # what comes after the picture is left behind
    await ok(await http.post("/v1/me/photos", content=large), 201)
    for _ in range(8):
        await ok(await http.post("/v1/me/photos", content=jpeg()), 201)
    assert (await http.post("/v1/me/photos", content=jpeg())).status_code == 409
    assert (await http.post("/v1/me/requests", json=WISH | {"photos": [str(uuid4())] * 6})).status_code == 422


async def test_a_household_asks_for_so_many_visits_a_day(run: Running[Any], http: httpx.AsyncClient) -> None:
    for _ in range(10):
        await ok(await http.post("/v1/me/requests", json=WISH), 201)
    assert (await http.post("/v1/me/requests", json=WISH)).status_code == 429


async def test_a_visit_is_moved_or_taken_back(run: Running[Any], pat: Home, http: httpx.AsyncClient) -> None:
    technician = await default_technician(run)
    first, second, *_ = await windows(http)
    id = await visit(run, pat)
    await taken(run, first, technician, id)
    path = f"/v1/me/dispatches/{id}/changes"
    await said(run)
    move = {"action": "reschedule", "start": second["start"]}
    asked = await ok(await http.post(path, json=move), 202)
    (event,) = of(await said(run), RequestChangeAsked)
    assert (event.dispatch_id, event.location_id, event.action) == (id, pat.location_id, "reschedule")
    assert event.start == datetime.fromisoformat(second["start"])
    again = await http.post(path, json={"action": "cancel"})
    assert (again.status_code, again.json()["title"]) == (409, "This visit is being changed already")
    assert second not in await windows(http)
    answer: dict[str, Any] = {
        "change_id": event.change_id,
        "dispatch_id": id,
        "reason": "This time was taken.",
    }
    await feed(run, RequestChangeAnswered(**answer, state="refused"))
    assert second in await windows(http)
    (shown,) = (await ok(await http.get(f"/v1/me/dispatches/{id}")))["changes"]
    assert (shown["id"], shown["state"], shown["answer"]) == (
        asked["id"],
        "refused",
        "This time was taken.",
    )
    await ok(await http.post(path, json={"action": "cancel", "reason": "works again"}), 202)
    for bad in ({"action": "reschedule"}, {"action": "cancel", "preferred": "evening"}):
        assert (await http.post(path, json=bad)).status_code == 422


async def test_whose_visit_can_be_changed(run: Running[Any], pat: Home, http: httpx.AsyncClient) -> None:
    neighbour = await household(run)
    cancel = {"action": "cancel"}
    foreign = await visit(run, neighbour)
    assert (await http.post(f"/v1/me/dispatches/{foreign}/changes", json=cancel)).status_code == 404
    made = await ok(await http.post("/v1/me/requests", json=WISH), 201)
    early = await http.post(f"/v1/me/dispatches/{made['id']}/changes", json=cancel)
    assert (early.status_code, early.json()["title"]) == (409, "This visit is just being booked")
    closed = await visit(run, pat)
    done: dict[str, Any] = {
        "dispatch_id": closed,
        "version": 2,
        "new": "Complete",
        "at": datetime.now(UTC),
        "by": "office",
    }
    await feed(run, StatusChanged(**done, closed=True))
    assert (await http.post(f"/v1/me/dispatches/{closed}/changes", json=cancel)).status_code == 409
    # on a warranty company's visit the office decides: no time is held for it
    partners = await visit(run, pat, partner="ahs", number="4711")
    (first, *_) = await windows(http)
    wish = {"action": "reschedule", "start": first["start"]}
    await ok(await http.post(f"/v1/me/dispatches/{partners}/changes", json=wish), 202)
    assert (await windows(http))[0] == first


async def test_the_customer_gets_a_mail(run: Running[Any], pat: Home) -> None:
    from portal_api.flows.messages import opened
    from portal_api.models.messages import outgoing
    from sqlalchemy import select

    async with run.work() as work:
        who: dict[str, Any] = {"account_id": pat.account_id, "location_id": pat.location_id}
        contact = Contact(name="Lee")
        await request_service(work, **who, contact=contact, problem="leak", photos=[], preferred="evenings")
    async with run.database.read() as read:
        (mail,) = (await read.execute(select(outgoing).where(outgoing.c.message == "request_received"))).all()
    values, _ = opened(run.settings, mail)
    assert (values["number"], values["when"], values["problem"]) == ("R1001", "evenings", "leak")
    assert values["link"].startswith(run.settings.web_url)


async def test_what_the_dispatch_service_says_replaces_what_was_shown(
    run: Running[Any], pat: Home, http: httpx.AsyncClient
) -> None:
    made = await ok(await http.post("/v1/me/requests", json=WISH), 201)
    event = DispatchCreated(
        dispatch_id=UUID(made["id"]),
        version=1,
        content=DispatchContent(number=made["number"], trade="PLM"),
        received_at=datetime.now(UTC),
        customer_id=pat.customer_id,
        location_id=pat.location_id,
    )
    await feed(run, event)
    await feed(
        run,
        StatusChanged(dispatch_id=event.dispatch_id, version=1, new="Pending", at=datetime.now(UTC), by="x"),
    )
    shown = await ok(await http.get(f"/v1/me/dispatches/{made['id']}"))
    assert (shown["trade"], shown["status"]) == ("PLM", "Pending")
