"""What the office does with a dispatch, over REST."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from dispatches import content, known, received
from harness import client, feed, of, said
from shared.db import uuid7
from shared.events.customer import CustomerMatched
from shared.events.dispatch import DispatchCreated, DispatchScheduled, DispatchUpdated, Note, StatusChanged
from shared.service import Running

ONE = f"/v1/dispatches/{known()}"


@pytest.fixture
async def office(run: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(run, "office.admin", subject="mia") as http:
        yield http


async def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def test_an_edit_is_kept_with_its_history(run: Running[Any], office: httpx.AsyncClient) -> None:
    await feed(run, received())
    await said(run)
    read = await office.get(ONE)
    edit = {"trade": "PLM", "service_address": {"street": "21 N SAMPLE ST", "city": "ANYTOWN"}, "lines": None}
    answer = await office.patch(ONE, json=edit, headers={"If-Match": read.headers["ETag"]})
    now = await ok(answer)
    assert answer.headers["ETag"] == '"2"'
    assert (now["version"], now["trade"], now["street"], now["incomplete"]) == (
        2,
        "PLM",
        "21 N SAMPLE ST",
        True,
    )
    assert now["content"]["people"] == read.json()["content"]["people"]
    (event,) = of(await said(run), DispatchUpdated)
    assert (event.version, event.content.trade) == (2, "PLM")
    entry, _ = (await ok(await office.get(f"{ONE}/history")))["items"]
    assert (entry["kind"], entry["by"]) == ("edited", "mia")
    assert ["service_address.street", "12 N SAMPLE ST", "21 N SAMPLE ST"] in entry["detail"]["changes"]

    stale = await office.patch(ONE, json={"trade": "ELE"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["version"]) == (412, 2)
    assert (await office.patch(ONE, json={"trade": "ELE"})).status_code == 428


async def test_the_offices_correction_survives_the_partners_next_mail(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    await feed(run, received())
    corrected = {"service_address": {"street": "21 N SAMPLE ST", "zip": "75001"}}
    await ok(await office.patch(ONE, json=corrected, headers={"If-Match": '"1"'}))
    await feed(run, received(content(notes=(Note(kind="message", text="gate code 7"),))))
    now = await ok(await office.get(ONE))
    assert now["street"] == "21 N SAMPLE ST"
    assert now["content"]["notes"][0]["text"] == "gate code 7"
    await feed(run, received())  # as at first: the note goes, the correction stays
    now = await ok(await office.get(ONE))
    assert (now["version"], now["street"], now["content"]["notes"]) == (4, "21 N SAMPLE ST", [])


async def test_a_manual_dispatch_gets_a_number_of_its_own(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    new = {"people": [{"role": "customer", "name": "Lee", "phones": [{"number": "555-010-0009"}]}]}
    keyed = {"Idempotency-Key": "once"}
    first = await office.post("/v1/dispatches", json=new, headers=keyed)
    made = await ok(first, 201)
    assert first.headers["Location"] == f"/v1/dispatches/{made['id']}"
    assert (made["number"], made["partner"], made["status"]) == ("M1", None, "Pending")
    again = await office.post("/v1/dispatches", json=new, headers=keyed)
    assert again.json() == made
    (created,) = of(await said(run), DispatchCreated)
    assert (created.content.number, created.partner) == ("M1", None)
    assert (await ok(await office.get("/v1/deliveries")))["items"] == []
    found = await ok(await office.get("/v1/dispatches", params={"q": "m1 lee 0100009"}))
    assert [row["id"] for row in found["items"]] == [made["id"]]


async def test_a_partners_dispatch_typed_by_hand_is_filled_in_by_its_mail(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    new = {"partner": "ahs", "number": "40000001", "email": "pat@example.com"}
    made = await ok(await office.post("/v1/dispatches", json=new), 201)
    assert made["id"] == str(known())
    assert [row["partner_code"] for row in (await ok(await office.get("/v1/deliveries")))["items"]] == ["50"]
    await feed(run, received())
    now = await ok(await office.get(ONE))
    assert (now["customer_name"], now["content"]["email"]) == ("PAT EXAMPLE", "pat@example.com")
    twice = await office.post("/v1/dispatches", json=new)
    assert (twice.status_code, twice.json()["id"]) == (409, str(known()))
    assert (await office.post("/v1/dispatches", json={"partner": "ahs"})).status_code == 422


async def test_a_status_is_set_told_and_remembered(run: Running[Any], office: httpx.AsyncClient) -> None:
    await feed(run, received())
    await said(run)
    now = await ok(await office.put(f"{ONE}/status", json={"status": "Complete", "note": "new seal"}))
    assert (now["status"], now["closed"], now["version"]) == ("Complete", True, 2)
    (event,) = of(await said(run), StatusChanged)
    assert (event.old, event.new, event.by, event.note) == ("Pending", "Complete", "mia", "new seal")
    newest, _ = (await ok(await office.get("/v1/deliveries", params={"dispatch_id": str(known())})))["items"]
    assert (newest["partner_code"], newest["note"], newest["version"]) == ("10", "new seal", 2)
    assert newest["carries"] is not None
    await ok(await office.put(f"{ONE}/status", json={"status": "Complete"}))
    assert of(await said(run), StatusChanged) == []


@pytest.mark.parametrize(
    ("body", "status", "title"),
    [
        ({"status": "Nonsense"}, 422, "This status code cannot be set"),
        ({"status": "Scheduled"}, 409, "Set the appointment first"),
        ({"status": "Complete", "at": "2026-01-01T08:00:00"}, 422, "A time lacks its offset"),
        (
            {"status": "Complete", "at": "2999-01-01T08:00:00Z"},
            422,
            "A status cannot be ahead of its time",
        ),
        ({"status": "Complete", "closed": True}, 422, "The request does not fit"),
    ],
)
async def test_a_status_that_cannot_be(
    run: Running[Any], office: httpx.AsyncClient, body: dict[str, Any], status: int, title: str
) -> None:
    await feed(run, received())
    answer = await office.put(f"{ONE}/status", json=body)
    assert (answer.status_code, answer.json()["title"]) == (status, title)
    assert (await ok(await office.get(ONE)))["version"] == 1


async def test_an_appointment_is_set_on_the_locations_clock_moved_and_taken_back(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    sam = await ok(await office.post("/v1/technicians", json={"name": "Sam"}), 201)
    await feed(run, received())
    match = {"match_version": 1, "state": "automatic", "score": 90, "zone": "America/Denver"}
    await feed(run, CustomerMatched(dispatch_id=known(), version=1, customer_id=uuid7(), **match))
    await said(run)
    window = {"start": "2026-03-03T08:00", "end": "2026-03-03T12:00", "technician_id": sam["id"]}
    made = await ok(await office.post(f"{ONE}/appointments", json=window), 201)
    assert (made["start_at"], made["window"]) == ("2026-03-03T15:00:00Z", "Tue 3 Mar 2026, 08:00-12:00 MST")
    now = await ok(await office.get(ONE))
    assert (now["status"], now["technician_id"]) == ("Scheduled", sam["id"])
    assert now["scheduled_start"] == "2026-03-03T15:00:00Z"
    events = await said(run)
    (scheduled,) = of(events, DispatchScheduled)
    assert (scheduled.zone, str(scheduled.technician_id)) == ("America/Denver", sam["id"])
    assert [event.new for event in of(events, StatusChanged)] == ["Scheduled"]

    one = f"{ONE}/appointments/{made['id']}"
    later = {"start": "2026-03-04T08:00:00-07:00", "end": "2026-03-04T10:00:00-07:00"}
    moved = await ok(await office.put(one, json=later, headers={"If-Match": '"1"'}))
    assert (moved["version"], moved["technician_id"]) == (2, sam["id"])
    told = (await ok(await office.get("/v1/deliveries")))["items"]
    assert [(row["partner_code"], row["cause"], row["carries"]) for row in told] == [
        ("30", "appointment", "2026-03-04T15:00:00Z"),
        ("30", "change", "2026-03-03T15:00:00Z"),
        ("50", "change", None),
    ]
    stale = await office.delete(one, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    await ok(await office.delete(one, headers={"If-Match": '"2"'}), 204)
    now = await ok(await office.get(ONE))
    assert (now["scheduled_start"], now["status"]) == (None, "Scheduled")
    assert of(await said(run), DispatchScheduled)[-1].start is None
    gone = await office.put(one, json=later, headers={"If-Match": '"3"'})
    assert (gone.status_code, gone.json()["title"]) == (409, "This appointment was taken back")
    kinds = [row["kind"] for row in (await ok(await office.get(f"{ONE}/history")))["items"]]
    assert kinds == ["unscheduled", "moved", "status", "scheduled", "created"]


async def test_the_board_shows_the_next_appointment_else_the_last(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    await feed(run, received())
    shown: list[str] = []
    for day in ("2020-03-03", "2020-03-01", "2999-03-05", "2999-03-04"):
        window = {"start": f"{day}T08:00Z", "end": f"{day}T12:00Z"}
        made = await ok(await office.post(f"{ONE}/appointments", json=window), 201)
        shown.append((await ok(await office.get(ONE)))["scheduled_start"][:10])
    assert shown == ["2020-03-03", "2020-03-03", "2999-03-05", "2999-03-04"]
    gone = f"{ONE}/appointments/{made['id']}"
    await ok(await office.delete(gone, headers={"If-Match": '"1"'}), 204)
    assert (await ok(await office.get(ONE)))["scheduled_start"].startswith("2999-03-05")


async def test_an_hour_that_does_not_exist_is_refused_in_words(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    await feed(run, received())
    window = {"start": "2026-03-08T02:30", "end": "2026-03-08T04:00"}
    answer = await office.post(f"{ONE}/appointments", json=window)
    assert answer.status_code == 422
    assert "02:30 does not exist on 2026-03-08 in America/Chicago" in answer.json()["detail"]


async def test_assignment_moves_the_coming_appointments(run: Running[Any], office: httpx.AsyncClient) -> None:
    sam, kim = [await ok(await office.post("/v1/technicians", json={"name": n}), 201) for n in ("Sam", "Kim")]
    await feed(run, received())
    window = {"start": "2999-03-03T08:00", "end": "2999-03-03T12:00", "technician_id": sam["id"]}
    await ok(await office.post(f"{ONE}/appointments", json=window), 201)
    await said(run)
    now = await ok(await office.put(f"{ONE}/technician", json={"technician_id": kim["id"]}))
    assert now["technician_id"] == kim["id"]
    (event,) = of(await said(run), DispatchScheduled)
    assert str(event.technician_id) == kim["id"]
    nobody = await office.put(f"{ONE}/technician", json={"technician_id": str(uuid7())})
    assert (nobody.status_code, nobody.json()["title"]) == (422, "No technician with this id is active")


async def test_there_is_one_default_technician(run: Running[Any], office: httpx.AsyncClient) -> None:
    sam = await ok(await office.post("/v1/technicians", json={"name": "Sam", "is_default": True}), 201)
    kim = await ok(await office.post("/v1/technicians", json={"name": "Kim", "is_default": True}), 201)
    names = {row["name"]: row["is_default"] for row in await ok(await office.get("/v1/technicians"))}
    assert names == {"Sam": False, "Kim": True}
    this = f"/v1/technicians/{kim['id']}"
    same = await ok(
        await office.put(this, json={"name": "Kim Lee", "is_default": True}, headers={"If-Match": '"1"'})
    )
    assert (same["version"], same["is_default"]) == (2, True)
    left = {"name": "Kim Lee", "active": False, "is_default": True}
    assert (await office.put(this, json=left, headers={"If-Match": '"2"'})).status_code == 422
    assert (await office.get(f"/v1/technicians/{sam['id']}")).headers["ETag"] == '"2"'


async def test_notes_and_alerts(run: Running[Any], office: httpx.AsyncClient) -> None:
    await feed(run, received())
    await feed(run, received(content(notes=(Note(kind="message", text="cancelled?"),))))
    await ok(await office.post(f"{ONE}/notes", json={"text": "called back"}), 201)
    note, *_ = (await ok(await office.get(f"{ONE}/history", params={"limit": 1})))["items"]
    assert (note["kind"], note["detail"]["text"], note["by"]) == ("note", "called back", "mia")

    first, second = (await ok(await office.get("/v1/alerts")))["items"]
    assert {first["kind"], second["kind"]} == {"updated", "cancel_in_note"}
    for alert, flagged in ((first, True), (second, False)):
        for _ in range(2):
            await ok(await office.post(f"/v1/alerts/{alert['id']}/acknowledge"), 204)
        assert (await ok(await office.get(ONE)))["needs_attention"] is flagged
    assert (await ok(await office.get(ONE)))["updated_by_partner"] is False
    assert (await ok(await office.get("/v1/alerts")))["items"] == []
    seen = (await ok(await office.get("/v1/alerts", params={"open": False})))["items"]
    assert [alert["acknowledged_by"] for alert in seen] == ["mia", "mia"]


async def test_what_is_not_there(run: Running[Any], office: httpx.AsyncClient) -> None:
    nowhere = f"/v1/dispatches/{uuid7()}"
    for path in ("", "/history", "/appointments"):
        assert (await office.get(nowhere + path)).status_code == 404
    assert (await office.put(f"{nowhere}/status", json={"status": "Complete"})).status_code == 404
    assert (await office.post(f"{nowhere}/notes", json={"text": "x"})).status_code == 404
    assert (await office.get(f"/v1/technicians/{uuid7()}")).status_code == 404
    assert (await office.post(f"/v1/alerts/{uuid7()}/acknowledge")).status_code == 404
    assert (await office.post(f"/v1/deliveries/{uuid7()}/resend")).status_code == 404


async def test_roles(run: Running[Any]) -> None:
    await feed(run, received())
    async with client(run, "technician") as technician:
        assert (await technician.get(ONE)).status_code == 200
        assert (await technician.put(f"{ONE}/status", json={"status": "Arrived"})).status_code == 200
        assert (await technician.patch(ONE, json={}, headers={"If-Match": '"2"'})).status_code == 403
        assert (await technician.get("/v1/deliveries")).status_code == 403
    async with client(run, "office.dispatcher") as dispatcher:
        assert (await dispatcher.get("/v1/deliveries")).status_code == 200
        assert (await dispatcher.get("/v1/partner-accounts")).status_code == 403
        assert (await dispatcher.post("/v1/status-codes", json={"code": "X"})).status_code == 403
    async with client(run, "customer") as customer:
        assert (await customer.get("/v1/dispatches")).status_code == 403
    async with client(run) as nobody:
        assert (await nobody.get("/v1/dispatches")).status_code == 401
