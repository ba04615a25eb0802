"""What customers ask for at their own door, as events in and events out."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from dispatches import known, received
from harness import client, feed, of, said
from shared.events.customer import CustomerMatched
from shared.events.dispatch import Address, DispatchCreated, DispatchScheduled, Phone, StatusChanged
from shared.events.portal import Contact, RequestChangeAnswered, RequestChangeAsked, ServiceRequested
from shared.events.technician import TechnicianChanged
from shared.service import Running

DAY = datetime.now(UTC).replace(hour=14, minute=0, second=0, microsecond=0) + timedelta(days=3)
MORNING = {"start": DAY, "end": DAY + timedelta(hours=4)}
AFTERNOON = {"start": DAY + timedelta(hours=4), "end": DAY + timedelta(hours=8)}
LOCATION = uuid4()


def wanted(**more: Any) -> ServiceRequested:
    about: dict[str, Any] = {
        "request_id": uuid4(),
        "number": "R1001",
        "customer_id": uuid4(),
        "location_id": LOCATION,
        "account_id": uuid4(),
        "requested_at": datetime.now(UTC),
        "problem": "no cold water",
        "trade": "Plumbing",
        "contact": Contact(name="Lee", phones=(Phone(number="555-010-0009"),), email="lee@example.com"),
        "address": Address(street="12 N SAMPLE ST", city="ANYTOWN", state="TX", zip="75001"),
        "customer_name": "Pat Example",
        "zone": "America/Chicago",
        "photos": ("/v1/photos/1",),
    }
    return ServiceRequested(**about | more)


def asked(id: UUID, action: Any, **more: Any) -> RequestChangeAsked:
    about: dict[str, Any] = {
        "change_id": uuid4(),
        "dispatch_id": id,
        "location_id": LOCATION,
        "account_id": uuid4(),
    }
    return RequestChangeAsked(**about | more, action=action, asked_at=datetime.now(UTC))


@pytest.fixture
async def office(run: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(run, "office.admin", subject="mia") as http:
        yield http


@pytest.fixture
async def technician(office: httpx.AsyncClient) -> str:
    answer = await office.post("/v1/technicians", json={"name": "Ana", "is_default": True})
    return answer.json()["id"]


async def one(office: httpx.AsyncClient, id: UUID, part: str = "") -> Any:
    answer = await office.get(f"/v1/dispatches/{id}{part}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def answer_to(run: Running[Any], event: RequestChangeAsked) -> tuple[str, str | None]:
    await feed(run, event)
    (answer,) = of(await said(run), RequestChangeAnswered)
    assert answer.change_id == event.change_id
    return answer.state, answer.reason


async def test_a_request_is_a_dispatch_of_the_default_technician(
    run: Running[Any], office: httpx.AsyncClient, technician: str
) -> None:
    await said(run)
    request = wanted(**MORNING)
    await feed(run, request)
    await feed(run, request)  # under another event id
    now = await one(office, request.request_id)
    assert (now["number"], now["partner"], now["status"]) == ("R1001", None, "Scheduled")
    assert (now["technician_id"], now["customer_id"]) == (technician, str(request.customer_id))
    assert (now["customer_name"], now["trade"], now["zone"]) == ("Pat Example", "Plumbing", "America/Chicago")
    assert now["content"]["lines"][0]["symptoms"] == ["no cold water"]
    assert now["content"]["notes"][0]["text"] == "/v1/photos/1"
    assert [row["start_at"] for row in await one(office, request.request_id, "/appointments")] == [
        f"{MORNING['start']:%Y-%m-%dT%H:%M:%SZ}"
    ]
    events = await said(run)
    (created,) = of(events, DispatchCreated)
    assert (created.location_id, created.customer_id) == (LOCATION, request.customer_id)
    assert [event.new for event in of(events, StatusChanged)] == ["Pending", "Scheduled"]
    assert [str(event.technician_id) for event in of(events, DispatchScheduled)] == [technician]
    assert (await office.get("/v1/deliveries")).json()["items"] == []


@pytest.mark.parametrize("how", ["words", "taken"])
async def test_what_has_no_free_window_is_put_before_a_person(
    run: Running[Any], office: httpx.AsyncClient, technician: str, how: str
) -> None:
    first = wanted(**MORNING)
    await feed(run, first)
    second = wanted(number="R1002", **MORNING) if how == "taken" else wanted(preferred="after 5 PM")
    await feed(run, second)
    now = await one(office, second.request_id)
    assert (now["status"], now["needs_attention"], now["scheduled_start"]) == ("Pending", True, None)
    assert now["technician_id"] == technician
    (alert,) = (await office.get("/v1/alerts", params={"dispatch_id": now["id"]})).json()["items"]
    assert alert["kind"] == "requested"
    assert ("after 5 PM" if how == "words" else "was taken") in alert["text"]


async def test_a_visit_is_moved_and_taken_back(
    run: Running[Any], office: httpx.AsyncClient, technician: str
) -> None:
    request, other = wanted(**MORNING), wanted(number="R1002", **AFTERNOON)
    await feed(run, request, other)
    await said(run)
    state, reason = await answer_to(run, asked(request.request_id, "reschedule", **AFTERNOON))
    assert (state, "taken" in (reason or "")) == ("refused", True)
    assert await answer_to(run, asked(other.request_id, "cancel", reason="sold the house")) == (
        "applied",
        None,
    )
    now = await one(office, other.request_id)
    assert (now["status"], now["closed"], now["scheduled_start"]) == ("Cancelled", True, None)
    assert (await answer_to(run, asked(other.request_id, "cancel")))[0] == "refused"
    assert (await answer_to(run, asked(request.request_id, "reschedule", **AFTERNOON)))[0] == "applied"
    (appointment,) = await one(office, request.request_id, "/appointments")
    assert appointment["start_at"] == f"{AFTERNOON['start']:%Y-%m-%dT%H:%M:%SZ}"
    assert appointment["technician_id"] == technician
    assert (await answer_to(run, asked(request.request_id, "reschedule", preferred="evening")))[0] == "noted"


async def test_who_may_be_meant_cannot_change_the_visit(run: Running[Any], technician: str) -> None:
    """While a person must say whose a dispatch is, the place that stands there is only a candidate."""
    await feed(run, received())
    match: dict[str, Any] = {"dispatch_id": known(), "version": 1, "location_id": LOCATION, "score": 80}
    await feed(run, CustomerMatched(**match, match_version=1, state="review"))
    await said(run)
    assert (await answer_to(run, asked(known(), "cancel")))[0] == "refused"
    await feed(run, CustomerMatched(**match, match_version=2, state="confirmed"))
    await said(run)
    assert (await answer_to(run, asked(known(), "cancel")))[0] == "noted"


async def test_another_households_visit_is_not_known(run: Running[Any], technician: str) -> None:
    request = wanted(**MORNING)
    await feed(run, request)
    await said(run)
    state, _ = await answer_to(run, asked(request.request_id, "cancel", location_id=uuid4()))
    assert state == "refused"
    assert (await answer_to(run, asked(uuid4(), "cancel")))[0] == "refused"


async def test_a_partners_dispatch_is_only_noted(run: Running[Any], office: httpx.AsyncClient) -> None:
    await feed(run, received())
    mine: dict[str, Any] = {"customer_id": uuid4(), "location_id": LOCATION, "zone": "America/Chicago"}
    await feed(
        run,
        CustomerMatched(dispatch_id=known(), version=1, match_version=1, state="automatic", score=99, **mine),
    )
    await said(run)
    before = await one(office, known())
    for change in (asked(known(), "cancel"), asked(known(), "reschedule", **MORNING)):
        assert await answer_to(run, change) == ("noted", "Our office will call you.")
    now = await one(office, known())
    assert (now["status"], now["version"], now["needs_attention"]) == ("Pending", before["version"], True)
    alerts = (await office.get("/v1/alerts", params={"dispatch_id": str(known())})).json()["items"]
    assert len(alerts) == 2
    assert len((await office.get("/v1/deliveries")).json()["items"]) == 1  # that of the new dispatch


async def test_technicians_are_told_of(run: Running[Any], office: httpx.AsyncClient, technician: str) -> None:
    await said(run)
    made = await office.post("/v1/technicians", json={"name": "Bo", "is_default": True})
    first, second = of(await said(run), TechnicianChanged)
    assert (str(first.technician_id), first.is_default, first.version) == (technician, False, 2)
    assert (second.name, second.is_default, second.version) == ("Bo", True, 1)
    gone = {"name": "Bo", "active": False, "is_default": False}
    path = f"/v1/technicians/{made.json()['id']}"
    assert (await office.put(path, json=gone, headers={"If-Match": '"1"'})).status_code == 200
    (event,) = of(await said(run), TechnicianChanged)
    assert (event.retired, event.is_default, event.version) == (True, False, 2)
