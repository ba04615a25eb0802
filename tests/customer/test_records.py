"""Customers and what belongs to them, over HTTP."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from harness import client, feed, of, said
from households import HOUSE, created, person
from shared.events.customer import (
    AgreementChanged,
    CustomerChanged,
    CustomerMatched,
    EquipmentChanged,
    LocationChanged,
)
from shared.events.dispatch import Contract, dispatch_id
from shared.service import Running
from shared.tables import audit
from sqlalchemy import select

PAT = {
    "name": "Pat Example",
    "email": "Pat@Example.com",
    "phones": [{"type": "CELL", "number": "(651) 555-0137"}, {"number": "ask at the desk"}],
    "location": {"address_text": "12 North Sample Street Apt 3, Anytown, TX 75001"},
}


@pytest.fixture
async def office(run: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(run, "office.dispatcher", subject="anna") as signed_in:
        yield signed_in


async def make(office: httpx.AsyncClient, path: str, **body: Any) -> Any:
    answer = await office.post(f"/v1/{path}", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/{path}/{answer.json()['id']}"
    return answer.json()


async def only(office: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await office.get(f"/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["items"]
    return item


async def test_a_customer_made_by_hand(run: Running[Any], office: httpx.AsyncClient) -> None:
    made = await make(office, "customers", **PAT)
    assert (made["kind"], made["name"], made["email"], made["version"]) == (
        "person",
        "Pat Example",
        "Pat@Example.com",
        1,
    )
    assert [phone["number"] for phone in made["phones"]] == ["+16515550137", "ask at the desk"]
    place = await only(office, "locations", customer_id=made["id"])
    assert place["address"]["street"] == "12 N SAMPLE ST"
    assert place["given"] == "12 North Sample Street Apt 3, Anytown, TX 75001"
    assert place["zone"] == "America/Chicago"
    events = await said(run)
    assert [type(event) for event in events] == [CustomerChanged, LocationChanged]
    await feed(run, created(email=None))
    (answer,) = of(await said(run), CustomerMatched)
    assert (answer.state, str(answer.customer_id)) == ("automatic", made["id"])


async def test_an_edit_needs_the_version_it_is_based_on(run: Running[Any], office: httpx.AsyncClient) -> None:
    made = await make(office, "customers", **PAT)
    path = f"/v1/customers/{made['id']}"
    assert (await office.patch(path, json={"note": "x"})).status_code == 428
    etag = (await office.get(path)).headers["etag"]
    first = await office.patch(path, json={"note": "has a dog"}, headers={"If-Match": etag})
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    assert first.json()["phones"] == made["phones"]
    late = await office.patch(path, json={"note": "has a cat"}, headers={"If-Match": etag})
    assert (late.status_code, late.json()["version"]) == (412, 2)
    same = await office.patch(path, json={"note": "has a dog"}, headers={"If-Match": '"2"'})
    assert same.headers["etag"] == '"2"'
    async with run.database.read() as read:
        trail = (
            await read.execute(select(audit.c.who, audit.c.action, audit.c.after).order_by(audit.c.seq))
        ).all()
    assert [(row.who, row.action) for row in trail] == [
        ("anna", "customer.created"),
        ("anna", "location.created"),
        ("anna", "customer.changed"),
    ]
    assert trail[2].after["note"] == "has a dog"
    assert "name" not in trail[2].after


async def test_what_the_office_takes_away_leads_nowhere_any_more(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    made = await make(office, "customers", **PAT)

    async def found(**query: str) -> list[str]:
        answer = await office.get("/v1/customers", params=query)
        return [item["id"] for item in answer.json()["items"]]

    assert await found(phone="651-555-0137") == [made["id"]]
    assert await found(email="pat@example.com") == [made["id"]]
    edit = {"phones": [{"number": "651-555-0138"}], "name": "Kim Sample"}
    await office.patch(f"/v1/customers/{made['id']}", json=edit, headers={"If-Match": '"1"'})
    assert await found(phone="651-555-0137") == []
    assert await found(phone="651-555-0138") == [made["id"]]
    assert await found(name="sampl") == [made["id"]]
    assert await found(name="exampl") == []
    place = await only(office, "locations", customer_id=made["id"])
    moved = await office.patch(
        f"/v1/locations/{place['id']}",
        json={"address": {"street": "14 OAK ST", "state": "AZ", "zip": "85004"}},
        headers={"If-Match": '"1"'},
    )
    assert (moved.json()["zone"], moved.json()["given"]) == ("America/Phoenix", None)
    # partners go on sending the address that the office corrected
    assert await found(zip="75001", house_number="12") == [made["id"]]
    assert await found(zip="85004", house_number="14") == [made["id"]]
    assert await found(zip="85004", house_number="1") == []
    contact = await make(
        office, "contacts", customer_id=made["id"], name="Lee", phones=[{"number": "6515550140"}]
    )
    assert await found(phone="6515550140") == [made["id"]]
    gone = await office.delete(f"/v1/contacts/{contact['id']}", headers={"If-Match": '"1"'})
    assert gone.status_code == 204
    assert await found(phone="6515550140") == []


async def test_locations_contacts_equipment_and_agreements(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    owner = (await make(office, "customers", **PAT))["id"]
    second = await make(office, "locations", customer_id=owner, zone="America/Denver")
    assert second["zone"] == "America/Denver"
    oven = await make(
        office,
        "equipment",
        location_id=second["id"],
        description="Oven",
        brand="GE",
        installed_on="2020-02-29",
    )
    plan = await make(
        office,
        "agreements",
        location_id=second["id"],
        name="Spring check",
        visits_per_year=2,
        starts_on="2026-01-01",
    )
    helper = await make(
        office, "contacts", customer_id=owner, location_id=second["id"], name="Sam", role="tenant"
    )
    await said(run)
    for path, row, change, event in (
        ("equipment", oven, {"serial": "77"}, EquipmentChanged),
        ("agreements", plan, {"partner": "ahs", "contract_id": "5"}, AgreementChanged),
        ("locations", second, {"note": "gate code on file"}, LocationChanged),
        ("contacts", helper, {"role": None}, None),
    ):
        changed = await office.patch(f"/v1/{path}/{row['id']}", json=change, headers={"If-Match": '"1"'})
        assert changed.status_code == 200, changed.text
        assert {name: changed.json()[name] for name in change} == change
        assert [type(each) for each in await said(run)] == ([event] if event else [])
        shown = await office.get(f"/v1/{path}/{row['id']}")
        assert (shown.json(), shown.headers["etag"]) == (changed.json(), '"2"')
        closed = await office.delete(f"/v1/{path}/{row['id']}", headers={"If-Match": '"2"'})
        assert closed.status_code == 204
        query = {"customer_id": owner} if path in ("locations", "contacts") else {"location_id": second["id"]}
        listed = (await office.get(f"/v1/{path}", params=query)).json()["items"]
        assert row["id"] not in [each["id"] for each in listed]
        everything = (await office.get(f"/v1/{path}", params={**query, "closed": "true"})).json()["items"]
        assert row["id"] in [each["id"] for each in everything]
        if event:
            (last,) = await said(run)
            assert True in (getattr(last, name, False) for name in ("closed", "removed", "ended"))
    reopened = await office.patch(
        f"/v1/equipment/{oven['id']}", json={"closed": False}, headers={"If-Match": '"3"'}
    )
    assert reopened.json()["closed"] is False


async def test_a_contract_written_by_hand_leads_to_its_location(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    owner = (await make(office, "customers", **PAT))["id"]
    place = (await only(office, "locations", customer_id=owner))["id"]
    await make(office, "agreements", location_id=place, name="Plan", partner="ahs", contract_id="100000001")
    assert (await only(office, "customers", partner="AHS", contract_id="100000001"))["id"] == owner


async def test_a_customer_who_seems_to_be_known_is_not_made_twice(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    made = await make(office, "customers", **PAT)
    again = {"name": "EXAMPLE, PAT", "phones": [{"number": "651 555 0137"}]}
    refused = await office.post("/v1/customers", json=again)
    assert refused.status_code == 409
    (candidate,) = refused.json()["candidates"]
    assert (candidate["customer_id"], candidate["score"]) == (made["id"], 60)
    assert candidate["reasons"] == ["same phone", "same name"]
    asked = await office.get(
        "/v1/customers/similar",
        params={"name": "P Example", "address": "12 N Sample St # 3, Anytown, TX 75001", "phone": "1"},
    )
    assert [each["customer_id"] for each in asked.json()] == [made["id"]]
    forced = await office.post("/v1/customers", params={"force": True}, json=again)
    assert forced.status_code == 201
    assert forced.json()["number"] > made["number"]


async def test_a_closed_customer_is_matched_no_more(run: Running[Any], office: httpx.AsyncClient) -> None:
    made = await make(office, "customers", **PAT)
    await said(run)
    assert (
        await office.delete(f"/v1/customers/{made['id']}", headers={"If-Match": '"1"'})
    ).status_code == 204
    events = await said(run)
    assert [event.closed for event in (*of(events, CustomerChanged), *of(events, LocationChanged))] == [
        True,
        True,
    ]
    await feed(run, created())
    (answer,) = of(await said(run), CustomerMatched)
    assert (answer.state, str(answer.customer_id) == made["id"]) == ("new", False)


async def test_a_partner_has_no_location(run: Running[Any], office: httpx.AsyncClient) -> None:
    made = await make(office, "customers", name="Home Warranty Inc", kind="partner")
    assert (await office.get("/v1/locations", params={"customer_id": made["id"]})).json()["items"] == []
    refused = await office.post("/v1/customers", json={**PAT, "kind": "partner"})
    assert refused.status_code == 422
    assert (await only(office, "customers", kind="partner"))["id"] == made["id"]


async def test_pages_are_walked_in_the_order_of_surnames(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    names = ["ANN ZIMMER", "ZOE ADAMS", "LEE NG", "BOB ADAMS", "ÉMILE ÉTOILE"]
    await feed(
        run,
        *(
            created(
                str(place),
                people=(person(name),),
                email=None,
                contract=Contract(id=name),
                service_address=HOUSE.model_copy(update={"street": f"{place + 1} OAK ST"}),
            )
            for place, name in enumerate(names)
        ),
    )
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 2, "kind": "person"} | ({"cursor": cursor} if cursor else {})
        page = (await office.get("/v1/customers", params=query)).json()
        assert len(page["items"]) <= 2
        seen += [item["name"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["BOB ADAMS", "ZOE ADAMS", "ÉMILE ÉTOILE", "LEE NG", "ANN ZIMMER"]
    assert (await office.get("/v1/customers", params={"cursor": "WzEsMl0"})).status_code in (200, 422)
    assert (await office.get("/v1/customers", params={"cursor": "WzEsIngiXQ"})).status_code == 422


async def test_bad_requests_say_what_to_do(run: Running[Any], office: httpx.AsyncClient) -> None:
    made = await make(office, "customers", **PAT)
    other = await make(
        office, "customers", name="Lee Ng", location={"address": {"street": "1 A ST", "zip": "1"}}
    )
    place = (await only(office, "locations", customer_id=other["id"]))["id"]
    for path, body, status in (
        ("customers", {"name": "x", "colour": "red"}, 422),
        ("customers", {"name": " "}, 422),
        ("customers", {"name": "a\u0000b"}, 422),
        ("customers", {"name": "x", "email": "nowhere"}, 422),
        ("customers", {"name": "x", "location": {"address": {}, "address_text": "x"}}, 422),
        ("locations", {"customer_id": str(uuid4())}, 422),
        ("locations", {"customer_id": made["id"], "zone": "Mars/Crater"}, 422),
        ("locations", {"customer_id": made["id"], "zone": "America"}, 422),
        ("locations", {"customer_id": made["id"], "zone": "../America/Chicago"}, 422),
        ("contacts", {"customer_id": made["id"], "location_id": place, "name": "x"}, 422),
        ("equipment", {"location_id": str(uuid4()), "description": "x"}, 422),
        ("agreements", {"location_id": place, "name": "x", "visits_per_year": -1}, 422),
    ):
        answer = await office.post(f"/v1/{path}", json=body)
        assert answer.status_code == status, (path, body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    for path in ("customers", "locations", "contacts", "equipment", "agreements", "matches", "merges"):
        assert (await office.get(f"/v1/{path}/{uuid4()}")).status_code == 404
    nothing = await office.patch(
        f"/v1/customers/{made['id']}", json={"name": None}, headers={"If-Match": '"1"'}
    )
    assert nothing.status_code == 422


async def test_roles(run: Running[Any]) -> None:
    await feed(run, created())
    dispatch = dispatch_id("ahs", "40000001")
    async with client(run) as nobody, client(run, "technician") as field, client(run, "customer") as customer:
        assert (await nobody.get("/v1/customers")).status_code == 401
        assert (await customer.get("/v1/customers")).status_code == 403
        assert (await field.get("/v1/customers")).status_code == 200
        assert (await field.post("/v1/customers", json=PAT)).status_code == 403
        assert (await field.get(f"/v1/matches/{dispatch}")).status_code == 403
        document = (await nobody.get("/openapi.json")).json()
    for path, routes in document["paths"].items():
        if path.startswith("/v1/"):
            for route in routes.values():
                assert "office.dispatcher" in route["x-roles"], path
