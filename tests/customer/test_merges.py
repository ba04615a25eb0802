"""Two customers become one, and two again."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from customer.models import Base, merge
from harness import client, feed, of, said
from households import HOUSE, created, person
from shared.events.customer import CustomerChanged, CustomerMatched, LocationChanged
from shared.events.dispatch import Address, Contract, WorkOrderLine
from shared.service import Running
from sqlalchemy import select

ELSEWHERE = Address(street="99 OTHER RD", city="ANYTOWN", state="AZ", zip="85004")
OVEN = WorkOrderLine(line_id="1", description="Oven", attributes={"Brand": "GE", "Serial Number": "77"})
TABLES = ("customer", "location", "contact", "equipment", "agreement", "match", "match_key")


@pytest.fixture
async def office(run: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(run, "office.dispatcher", subject="anna") as signed_in:
        yield signed_in


async def everything(run: Running[Any]) -> dict[str, list[Any]]:
    """All rows, without versions and times of change."""
    found: dict[str, list[Any]] = {}
    async with run.database.read() as read:
        for name in TABLES:
            table = Base.metadata.tables[name]
            columns = [column for column in table.c if column.name not in ("version", "updated_at")]
            rows = (await read.execute(select(*columns))).all()
            found[name] = sorted(map(repr, rows))
    return found


async def merged(office: httpx.AsyncClient, one: Any, into: Any) -> httpx.Response:
    return await office.post("/v1/merges", json={"from_id": str(one), "into_id": str(into)})


async def two(run: Running[Any]) -> list[CustomerMatched]:
    """PAT EXAMPLE twice: with two locations, one of them the same house; and a contact each."""
    lee = person("LEE NG", "6515550150", role="contact")
    await feed(run, created("1", people=(person("PAT EXAMPLE", "6515550137"), lee)))
    pat = (person("P. EXAMPLE-SMITH", "6515550160"), person("KIM", "6515550161", role="contact"))
    changes: dict[str, Any] = {"people": pat, "email": "other@example.com", "lines": (OVEN,)}
    await feed(run, created("2", contract=Contract(id="2"), service_address=ELSEWHERE, **changes))
    return of(await said(run), CustomerMatched)


async def test_all_moves_and_moves_back(run: Running[Any], office: httpx.AsyncClient) -> None:
    first, second = await two(run)
    before = await everything(run)
    done = await merged(office, second.customer_id, first.customer_id)
    assert done.status_code == 201, done.text
    events = await said(run)
    (gone,) = of(events, CustomerChanged)
    assert (gone.customer_id, gone.merged_into, gone.closed) == (second.customer_id, first.customer_id, True)
    (place,) = of(events, LocationChanged)
    assert (place.location_id, place.customer_id) == (second.location_id, first.customer_id)
    (moved,) = of(events, CustomerMatched)
    assert (moved.dispatch_id, moved.customer_id, moved.match_version) == (
        second.dispatch_id,
        first.customer_id,
        2,
    )
    assert (moved.location_id, moved.zone) == (second.location_id, "America/Phoenix")
    contacts = (await office.get("/v1/contacts", params={"customer_id": str(first.customer_id)})).json()[
        "items"
    ]
    assert {each["name"] for each in contacts} == {"LEE NG", "KIM", "P. EXAMPLE-SMITH"}
    listed = (await office.get("/v1/customers", params={"kind": "person"})).json()["items"]
    assert [each["id"] for each in listed] == [str(first.customer_id)]
    # a dispatch of the old household now comes to the one that stays
    await feed(run, created("3", contract=Contract(id="2"), service_address=ELSEWHERE, people=(), email=None))
    (later,) = of(await said(run), CustomerMatched)
    assert (later.state, later.customer_id) == ("automatic", first.customer_id)

    undone = await office.delete(done.headers["location"], headers={"If-Match": done.headers["etag"]})
    assert undone.status_code == 204, undone.text
    events = await said(run)
    assert {event.dispatch_id: event.customer_id for event in of(events, CustomerMatched)} == {
        second.dispatch_id: second.customer_id,
        later.dispatch_id: second.customer_id,
    }
    (back,) = of(events, CustomerChanged)
    assert (back.customer_id, back.merged_into, back.closed) == (second.customer_id, None, False)
    after = await everything(run)
    after["match"] = [row for row in after["match"] if str(later.dispatch_id) not in row]
    assert after == before
    shown = (await office.get(done.headers["location"])).json()
    assert (shown["merged_by"], shown["undone_by"], shown["version"]) == ("anna", "anna", 2)
    again = await office.delete(done.headers["location"], headers={"If-Match": '"2"'})
    assert again.status_code == 409


async def test_two_records_of_one_house_become_one(run: Running[Any], office: httpx.AsyncClient) -> None:
    first, _ = await two(run)
    body = {"name": "EXAMPLE HOMES LLC", "location": {"address": HOUSE.model_dump(exclude_none=True)}}
    made = (await office.post("/v1/customers", params={"force": True}, json=body)).json()
    place = (await office.get("/v1/locations", params={"customer_id": made["id"]})).json()["items"][0]
    plan = {"location_id": place["id"], "name": "Check", "partner": "ahs", "contract_id": "77"}
    plan = (await office.post("/v1/agreements", json=plan)).json()
    before = await everything(run)
    done = await merged(office, made["id"], first.customer_id)
    assert done.status_code == 201, done.text
    moved = (await office.get(f"/v1/agreements/{plan['id']}")).json()
    assert moved["location_id"] == str(first.location_id)
    gone = (await office.get(f"/v1/locations/{place['id']}")).json()
    assert (gone["closed"], gone["replaced_by"]) == (True, str(first.location_id))
    await said(run)
    # its keys lead to the record that stayed
    await feed(run, created("3", contract=Contract(id="77"), people=(), email=None))
    (answer,) = of(await said(run), CustomerMatched)
    assert (answer.state, answer.location_id) == ("automatic", first.location_id)
    assert (await office.delete(done.headers["location"], headers={"If-Match": '"1"'})).status_code == 204
    after = await everything(run)
    after["match"] = [row for row in after["match"] if str(answer.dispatch_id) not in row]
    learned = (str(first.location_id), "'c:AHS|77'")
    after["match_key"] = [row for row in after["match_key"] if not all(part in row for part in learned)]
    assert after == before


async def test_merges_are_undone_from_the_last(run: Running[Any], office: httpx.AsyncClient) -> None:
    first, second = await two(run)
    body = {"name": "Third Person"}
    third = (await office.post("/v1/customers", json=body)).json()["id"]
    before = await everything(run)
    one = await merged(office, second.customer_id, first.customer_id)
    two_ = await merged(office, first.customer_id, third)
    assert (one.status_code, two_.status_code) == (201, 201)
    early = await office.delete(one.headers["location"], headers={"If-Match": '"1"'})
    assert (early.status_code, early.json()["detail"]) == (409, "Undo the later merge first.")
    for done in (two_, one):
        undone = await office.delete(done.headers["location"], headers={"If-Match": '"1"'})
        assert undone.status_code == 204, undone.text
    assert await everything(run) == before
    assert len((await office.get("/v1/merges")).json()["items"]) == 2


async def test_merges_that_cannot_be(run: Running[Any], office: httpx.AsyncClient) -> None:
    first, second = await two(run)
    assert (await merged(office, first.customer_id, first.customer_id)).status_code == 409
    assert (await merged(office, first.customer_id, first.bill_to_id)).status_code == 409
    assert (await merged(office, first.customer_id, first.location_id)).status_code == 404
    assert (await merged(office, first.customer_id, second.customer_id)).status_code == 201
    assert (await merged(office, first.customer_id, second.customer_id)).status_code == 409
    edit = await office.patch(
        f"/v1/customers/{first.customer_id}", json={"note": "x"}, headers={"If-Match": '"3"'}
    )
    assert edit.status_code in (409, 412)
    async with run.database.read() as read:
        assert len((await read.execute(select(merge))).all()) == 1
