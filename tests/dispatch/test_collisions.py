"""A technician who is expected at two places at once: said wherever it comes about, never refused."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from dispatches import content as content_of
from dispatches import known, received, texts
from harness import client, feed
from shared.service import Running

EIGHT = {"start": "2027-03-01T08:00:00", "end": "2027-03-01T12:00:00"}
TEN = {"start": "2027-03-01T10:00:00", "end": "2027-03-01T14:00:00"}
NOON = {"start": "2027-03-01T12:00:00", "end": "2027-03-01T16:00:00"}
WITH_ONE = "dispatch 1, Mon 1 Mar 2027, 08:00-12:00 CST"


@pytest.fixture
async def office(run: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    await feed(run, received(content_of("1")), received(content_of("2")))
    async with client(run, "office.admin") as http:
        yield http


async def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


async def technician(office: httpx.AsyncClient, name: str) -> str:
    return (await ok(await office.post("/v1/technicians", json={"name": name}), 201))["id"]


async def booked(office: httpx.AsyncClient, number: str, who: str, window: dict[str, str]) -> Any:
    path = f"/v1/dispatches/{known(number)}/appointments"
    return await ok(await office.post(path, json={**window, "technician_id": who}), 201)


async def told(run: Running[Any]) -> list[str]:
    return [text for kind, text in await texts(run) if kind == "collision"]


async def test_a_new_appointment(run: Running[Any], office: httpx.AsyncClient) -> None:
    sam = await technician(office, "Sam Wrench")
    first = await booked(office, "1", sam, EIGHT)
    second = await booked(office, "2", sam, TEN)
    assert first["collides_with"] == []
    (other,) = second["collides_with"]
    assert (other["appointment_id"], other["dispatch_id"]) == (first["id"], str(known("1")))
    assert await told(run) == [f"Sam Wrench has another appointment at this time: {WITH_ONE}."]
    assert (await ok(await office.get(f"/v1/dispatches/{known('2')}")))["needs_attention"]
    (shown,) = await ok(await office.get(f"/v1/dispatches/{known('1')}/appointments"))
    assert [each["number"] for each in shown["collides_with"]] == ["2"]


async def test_what_touches_is_of_somebody_else_or_is_over_does_not_collide(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    sam, ana = await technician(office, "Sam Wrench"), await technician(office, "Ana Pipe")
    first = await booked(office, "1", sam, EIGHT)
    assert (await booked(office, "2", sam, NOON))["collides_with"] == []
    assert (await booked(office, "2", ana, EIGHT))["collides_with"] == []
    path = f"/v1/dispatches/{known('1')}/appointments/{first['id']}"
    await office.delete(path, headers={"If-Match": f'"{first["version"]}"'})
    await booked(office, "2", sam, {"start": "2027-03-01T07:00:00", "end": "2027-03-01T11:00:00"})
    assert await told(run) == []
    await ok(await office.put(f"/v1/dispatches/{known('2')}/status", json={"status": "Complete"}))
    assert (await booked(office, "1", sam, EIGHT))["collides_with"] == []


@pytest.mark.parametrize("how", ["to another time", "to another technician"])
async def test_an_appointment_that_is_moved(run: Running[Any], office: httpx.AsyncClient, how: str) -> None:
    sam, ana = await technician(office, "Sam Wrench"), await technician(office, "Ana Pipe")
    await booked(office, "1", sam, EIGHT)
    by_time = how == "to another time"
    second = await booked(office, "2", sam if by_time else ana, NOON if by_time else TEN)
    path = f"/v1/dispatches/{known('2')}/appointments/{second['id']}"
    headers = {"If-Match": f'"{second["version"]}"'}
    moved = await ok(await office.put(path, json={**TEN, "technician_id": sam}, headers=headers))
    assert [each["number"] for each in moved["collides_with"]] == ["1"]
    assert await told(run) == [f"Sam Wrench has another appointment at this time: {WITH_ONE}."]


async def test_a_dispatch_that_is_given_to_another_technician(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    sam, ana = await technician(office, "Sam Wrench"), await technician(office, "Ana Pipe")
    await booked(office, "1", sam, EIGHT)
    await booked(office, "2", ana, TEN)
    path = f"/v1/dispatches/{known('2')}/technician"
    given = await ok(await office.put(path, json={"technician_id": sam}))
    assert [(each["number"], each["window"]) for each in given["collides_with"]] == [
        ("1", "Mon 1 Mar 2027, 08:00-12:00 CST")
    ]
    assert (given["technician_id"], given["needs_attention"]) == (sam, True)
    assert len(await told(run)) == 1
    nobody = await ok(await office.put(path, json={"technician_id": None}))
    assert nobody["collides_with"] == []
