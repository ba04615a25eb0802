"""A household's home page, visits, record and accounts: its own alone, and according to who asks."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from harness import feed, of, said
from portal import bill, default_technician, household, member, ok, visit
from shared.events.customer import (
    Agreement,
    AgreementChanged,
    CustomerChanged,
    Equipment,
    EquipmentChanged,
    LocationChanged,
)
from shared.events.dispatch import DispatchScheduled, StatusChanged
from shared.events.portal import CustomerChangeAnswered, CustomerChangeRequested
from shared.service import Running

NOW = datetime.now(UTC).replace(microsecond=0)
TOMORROW = NOW + timedelta(days=1)


async def scheduled(run: Running[Any], id: Any, technician: Any, version: int = 2) -> None:
    when: dict[str, Any] = {
        "start": TOMORROW,
        "end": TOMORROW + timedelta(hours=4),
        "zone": "America/Chicago",
    }
    event = DispatchScheduled(
        dispatch_id=id, version=version, appointment_id=uuid4(), technician_id=technician, **when
    )
    await feed(run, event)


async def test_home_shows_what_goes_on_and_to_administrators_what_is_owed(run: Running[Any]) -> None:
    pat, neighbour = await household(run), await household(run)
    lee = await member(run, pat.customer_id, pat.location_id, administrator=False)
    id, other = await visit(run, pat, partner="ahs"), await visit(run, neighbour)
    for each in (id, other):
        await scheduled(run, each, await default_technician(run))
        change = StatusChanged(dispatch_id=each, version=3, old="Scheduled", new="Traveling", at=NOW, by="a")
        await feed(run, change)
    await visit(run, pat, number="M2")
    await bill(run, pat, 20500)
    await bill(run, pat, 500)
    await bill(run, pat, 900, bill_to_partner=True)
    await bill(run, pat, 700, payable=False, not_payable_because="Do not collect.")
    await bill(run, neighbour, 4200)
    async with pat.door(run) as http:
        home = await ok(await http.get("/v1/me/home"))
    assert home["owed"] == [{"currency": "USD", "amount": 21000, "invoices": 2}]
    assert (home["customer"], home["zone"]) == ("Pat Example", "America/Chicago")
    assert home["address"]["street"] == "12 N SAMPLE ST"
    assert [each["number"] for each in home["open"]] == ["M2", "M1"]
    coming = home["next_appointment"]
    assert (coming["id"], coming["status"], coming["words"]) == (
        str(id),
        "Traveling",
        "Your technician is on the way",
    )
    assert coming["appointment"]["technician"] == "Ana"
    assert coming["appointment"]["start"] == f"{TOMORROW:%Y-%m-%dT%H:%M:%SZ}"
    assert (coming["title"], coming["partner"]) == ("Refrigerator", "ahs")
    async with lee.door(run) as http:
        home = await ok(await http.get("/v1/me/home"))
    assert home["owed"] is None
    assert home["administrators"] == ["Pat Example"]
    assert len(home["open"]) == 2


async def test_visits_are_paged_and_foreign_ones_are_not_there(run: Running[Any]) -> None:
    pat, neighbour = await household(run), await household(run)
    ids = [await visit(run, pat, number=f"M{number}") for number in range(3)]
    foreign = await visit(run, neighbour)
    await feed(run, StatusChanged(dispatch_id=ids[0], version=1, new="Pending", at=NOW, by="x"))
    done: dict[str, Any] = {
        "dispatch_id": ids[0],
        "new": "Complete",
        "at": NOW,
        "by": "x",
        "note": "internal",
    }
    await feed(run, StatusChanged(version=2, old="Pending", closed=True, **done))
    async with pat.door(run) as http:
        first = await ok(await http.get("/v1/me/dispatches", params={"limit": 2}))
        rest = await ok(await http.get("/v1/me/dispatches", params={"limit": 2, "cursor": first["next"]}))
        assert [each["id"] for each in first["items"] + rest["items"]] == [str(id) for id in reversed(ids)]
        assert rest["next"] is None
        closed = await ok(await http.get("/v1/me/dispatches", params={"closed": True}))
        assert [each["id"] for each in closed["items"]] == [str(ids[0])]
        whole = await http.get(f"/v1/me/dispatches/{ids[0]}")
        assert [each["words"] for each in (await ok(whole))["history"]] == [
            "We have it and will arrange a visit",
            "Done",
        ]
        assert "internal" not in whole.text
        assert whole.json()["problems"] == [{"item": "Refrigerator", "symptoms": ["not cooling"]}]
        assert (await http.get(f"/v1/me/dispatches/{foreign}")).status_code == 404
        assert (await http.get("/v1/me/dispatches", params={"cursor": "W10"})).status_code == 422


async def test_equipment_and_agreements(run: Running[Any]) -> None:
    pat, neighbour = await household(run), await household(run)
    today = NOW.date()
    for home in (pat, neighbour):
        place: dict[str, Any] = {"location_id": home.location_id, "version": 1}
        for name, removed in (("AC", False), ("Old AC", True)):
            item: dict[str, Any] = {"equipment": Equipment(description=name), "removed": removed}
            await feed(run, EquipmentChanged(equipment_id=uuid4(), **item, **place))
        for name, ends in (("Gold", None), ("Old", date(2020, 1, 1)), ("Silver", today + timedelta(days=40))):
            plan = Agreement(name=name, ends_on=ends)
            await feed(run, AgreementChanged(agreement_id=uuid4(), agreement=plan, **place))
    async with pat.door(run) as http:
        assert [each["description"] for each in await ok(await http.get("/v1/me/equipment"))] == ["AC"]
        found = await ok(await http.get("/v1/me/agreements"))
    assert [(each["name"], each["expired"]) for each in found] == [
        ("Gold", False),
        ("Silver", False),
        ("Old", True),
    ]
    assert found[0]["days_left"] is None
    assert found[1]["days_left"] in (40, 41)  # by the location's calendar


async def test_a_record_is_changed_by_administrators_and_only_on_what_they_saw(run: Running[Any]) -> None:
    pat = await household(run)
    lee = await member(run, pat.customer_id, pat.location_id, administrator=False)
    edit = {"name": "Pat Sample", "phones": [{"type": "CELL", "number": "(651) 555-0137"}]}
    async with lee.door(run) as http:
        read = await http.get("/v1/me/record")
        assert (await ok(read))["name"] == "Pat Example"
        assert (await http.patch("/v1/me/record", json=edit, headers={"If-Match": "x"})).status_code == 403
    await said(run)
    async with pat.door(run) as http:
        assert (await http.patch("/v1/me/record", json=edit)).status_code == 428
        stale = await http.patch("/v1/me/record", json=edit, headers={"If-Match": '"1-7"'})
        assert stale.status_code == 412
        seen = {"If-Match": read.headers["etag"]}
        assert (await http.patch("/v1/me/record", json={}, headers=seen)).status_code == 422
        bad = {"phones": [{"number": "call me"}]}
        assert (await http.patch("/v1/me/record", json=bad, headers=seen)).status_code == 422
        asked = await ok(await http.patch("/v1/me/record", json=edit, headers=seen), 202)
        assert asked["state"] == "asked"
        (event,) = of(await said(run), CustomerChangeRequested)
        assert (event.customer_version, event.location_version) == (1, 1)
        assert (event.edit.name, event.edit.email, event.edit.address) == ("Pat Sample", None, None)
        answer = {"change_id": event.change_id, "customer_id": pat.customer_id}
        await feed(run, CustomerChangeAnswered(**answer, state="refused", reason="Our office was faster."))
        (found,) = await ok(await http.get("/v1/me/record/changes"))
        assert (found["state"], found["answer"]) == ("refused", "Our office was faster.")
        newer: dict[str, Any] = {
            "customer_id": pat.customer_id,
            "number": 1001,
            "kind": "person",
            "name": "Pat Sample",
        }
        await feed(run, CustomerChanged(version=2, **newer))
        assert (await http.get("/v1/me/record")).headers["etag"] == '"2-1"'


async def test_a_household_lets_others_in_and_keeps_an_administrator(run: Running[Any]) -> None:
    pat, neighbour = await household(run), await household(run)
    new = {"email": "kim@example.com", "name": "Kim"}
    async with pat.door(run) as http:
        kim = await ok(await http.post("/v1/me/accounts", json=new), 201)
        assert (kim["state"], kim["administrator"], kim["me"]) == ("invited", False, False)
        assert (await http.post("/v1/me/accounts", json=new)).status_code == 409
        path = f"/v1/me/accounts/{kim['id']}"
        match = {"If-Match": f'"{kim["version"]}"'}
        kim = await ok(await http.patch(path, json={"administrator": True}, headers=match))
        assert kim["administrator"]
        names = {each["name"]: each["me"] for each in await ok(await http.get("/v1/me/accounts"))}
        assert names == {"Pat Example": True, "Kim": False}
        own = f"/v1/me/accounts/{pat.account_id}"
        assert (await http.delete(own, headers={"If-Match": '"1"'})).status_code == 409
        foreign = f"/v1/me/accounts/{neighbour.account_id}"
        assert (await http.delete(foreign, headers={"If-Match": '"1"'})).status_code == 404
        gone = await http.delete(path, headers={"If-Match": f'"{kim["version"]}"'})
        assert gone.status_code == 204
        assert len(await ok(await http.get("/v1/me/accounts"))) == 1
    lee = await member(run, pat.customer_id, pat.location_id, administrator=False)
    async with lee.door(run) as http:
        assert (await http.get("/v1/me/accounts")).status_code == 403
        assert (await http.post("/v1/me/accounts", json=new)).status_code == 403


@pytest.mark.parametrize("closed", [False, True])
async def test_a_closed_location_lets_nobody_in(run: Running[Any], closed: bool) -> None:
    pat = await household(run)
    place = {"location_id": pat.location_id, "customer_id": pat.customer_id, "zone": "America/Chicago"}
    event = LocationChanged.model_validate({**place, "version": 2, "address": {}, "closed": True})
    reopened = event.model_copy(update={"version": 3, "closed": False})
    await feed(run, *([event] if closed else [event, reopened]))
    async with pat.door(run) as http:
        assert (await http.get("/v1/me/home")).status_code == (401 if closed else 200)
