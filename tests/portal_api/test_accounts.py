"""The accounts of a location and of the office, over HTTP."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from harness import client, of, said
from people import ANNA, BOTH, OTHER, WEB, browser, log_on, mailed, new_customer, new_location, new_staff
from portal_api.flows.accounts import close_for_location
from portal_api.models.accounts import account
from shared.auth import ADMIN, development_token
from shared.events.portal import AccountClosed, AccountInvited
from shared.service import Running
from shared.tables import audit
from sqlalchemy import select

PAT = {"email": "Pat@Household.example", "name": "Pat Sample"}


@pytest.fixture
async def office(house: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(house, "office.dispatcher", subject="dora") as signed_in:
        yield signed_in


@pytest.fixture
async def admin(house: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(house, *ADMIN, subject="root") as signed_in:
        yield signed_in


async def trail(run: Running[Any]) -> list[tuple[str, str]]:
    async with run.database.read() as read:
        rows = (await read.execute(select(audit.c.who, audit.c.action).order_by(audit.c.seq))).all()
    return [(row.who, row.action) for row in rows if row.who != "test" and row.action != "account.created"]


@BOTH
async def test_an_invitation_lets_a_person_in(house: Running[Any], office: httpx.AsyncClient) -> None:
    place = await new_location(house)
    made = await office.post("/v1/accounts", json={**PAT, "location_id": str(place), "administrator": True})
    assert made.status_code == 201, made.text
    found = made.json()
    assert (found["user_name"], found["role"], found["state"]) == (
        "pat@household.example",
        "customer.admin",
        "invited",
    )
    assert "password_hash" not in found
    (event,) = of(await said(house), AccountInvited)
    assert (event.location_id, event.email, event.administrator) == (place, "pat@household.example", True)
    (mail,) = await mailed(house)
    assert (mail["user_name"], mail["link"], mail["days"]) == ("pat@household.example", f"{WEB}/logon", "7")
    assert mail["password"] not in made.text
    async with browser(house) as pat:
        assert (await log_on(pat, "PAT@household.example", mail["password"])).json()["must_change"] is True
        done = await pat.post(
            "/v1/session/password", json={"password": mail["password"], "new_password": OTHER}
        )
        assert done.status_code == 200
    shown = await office.get(f"/v1/accounts/{found['id']}")
    assert (shown.json()["state"], shown.json()["password_ends_at"]) == ("active", None)
    assert shown.json()["last_logon_at"] is not None


@pytest.mark.parametrize(
    ("email", "says"),
    [
        ("", "@-sign"),
        ("   ", "@-sign"),
        ("pat", "@-sign"),
        ("pat@", "after the @-sign"),
        ("p at@x.example", "SPACE"),
        ("pàt@x.example", "plain"),
    ],
)
async def test_a_blank_or_invalid_address_is_refused_with_the_reason(
    house: Running[Any], office: httpx.AsyncClient, email: str, says: str
) -> None:
    body = {**PAT, "email": email, "location_id": str(uuid4())}
    refused = await office.post("/v1/accounts", json=body)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["pointer"] == "/body/email"
    assert says in error["detail"], error["detail"]


@BOTH
async def test_a_user_name_belongs_to_one_person(house: Running[Any], office: httpx.AsyncClient) -> None:
    place = await new_location(house)
    body = {**PAT, "location_id": str(place)}
    done = await asyncio.gather(*(office.post("/v1/accounts", json=body) for _ in range(2)))
    assert sorted(each.status_code for each in done) == [201, 409]
    assert len(await mailed(house)) == 1
    assert (await office.post("/v1/accounts", json={**body, "email": ANNA})).status_code == 409
    first = next(each for each in done if each.status_code == 201).json()
    gone = await office.delete(f"/v1/accounts/{first['id']}", headers={"If-Match": '"1"'})
    assert gone.status_code == 204
    assert (await office.post("/v1/accounts", json=body)).status_code == 201


async def test_only_into_a_location_that_is_open(house: Running[Any], office: httpx.AsyncClient) -> None:
    assert (await office.post("/v1/accounts", json={**PAT, "location_id": str(uuid4())})).status_code == 404


async def test_accounts_are_listed_by_location(house: Running[Any], office: httpx.AsyncClient) -> None:
    here, there = await new_location(house), await new_location(house)
    mine = [str(await new_customer(house, f"pat{n}", location_id=here)) for n in range(3)]
    await new_customer(house, "kim", location_id=there)

    async def listed(**query: Any) -> list[str]:
        answer = await office.get("/v1/accounts", params=query)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert await listed(location_id=str(here)) == mine
    assert len(await listed()) == 4  # Anna is staff
    assert await listed(user_name="Pat1@Household.example") == [mine[1]]
    first = (await office.get("/v1/accounts", params={"location_id": str(here), "limit": 2})).json()
    assert await listed(location_id=str(here), limit=2, cursor=first["next"]) == mine[2:]
    await office.delete(f"/v1/accounts/{mine[0]}", headers={"If-Match": '"1"'})
    assert await listed(location_id=str(here)) == mine[1:]
    assert await listed(location_id=str(here), closed=True) == mine


async def test_set_as_administrator_needs_the_version(house: Running[Any], office: httpx.AsyncClient) -> None:
    path = f"/v1/accounts/{await new_customer(house)}"
    body = {"administrator": True}
    assert (await office.patch(path, json=body)).status_code == 428
    done = await office.patch(path, json=body, headers={"If-Match": '"1"'})
    assert (done.json()["role"], done.headers["etag"]) == ("customer.admin", '"2"')
    assert (await office.patch(path, json=body, headers={"If-Match": '"1"'})).status_code == 412
    for wrong in ({"role": "office.admin"}, {"state": "active"}, {"administrator": None}, {"kind": "staff"}):
        refused = await office.patch(path, json=wrong, headers={"If-Match": '"2"'})
        assert refused.status_code == 422, wrong


async def test_generate_password_is_shown_once_and_send_password_replaces_it(
    house: Running[Any], office: httpx.AsyncClient
) -> None:
    path = f"/v1/accounts/{await new_customer(house)}"
    given = await office.post(f"{path}/password", headers={"Idempotency-Key": "again"})
    assert given.headers["cache-control"] == "no-store"
    first = given.json()["password"]
    second = (await office.post(f"{path}/password", headers={"Idempotency-Key": "again"})).json()["password"]
    assert first != second
    assert first not in (await office.get(path)).text
    assert (await office.post(f"{path}/invitation")).status_code == 202
    mail = (await mailed(house))[-1]
    async with browser(house) as pat:
        for old in (first, second):
            assert (await log_on(pat, "pat@household.example", old)).status_code == 401
        assert (await log_on(pat, "pat@household.example", mail["password"])).status_code == 200


@BOTH
async def test_accounts_close_with_their_location(house: Running[Any], office: httpx.AsyncClient) -> None:
    place = await new_location(house)
    mine = [await new_customer(house, f"pat{n}", location_id=place) for n in range(2)]
    other = await new_customer(house, "kim")
    await said(house)
    async with house.work() as work:
        await close_for_location(work, place)
    events = of(await said(house), AccountClosed)
    assert {(each.account_id, each.reason) for each in events} == {(id, "location_closed") for id in mine}
    for id in mine:
        path = f"/v1/accounts/{id}"
        assert (await office.get(path)).json()["state"] == "closed"
        for action in ("password", "invitation"):
            assert (await office.post(f"{path}/{action}")).status_code == 404
        assert (await office.patch(path, json={"name": "x"}, headers={"If-Match": '"2"'})).status_code == 404
    assert (await office.get(f"/v1/accounts/{other}")).json()["state"] == "active"
    async with browser(house) as pat:
        assert (await log_on(pat, "pat0@household.example")).status_code == 401


async def test_staff_are_for_administrators_alone(house: Running[Any], office: httpx.AsyncClient) -> None:
    async with house.database.read() as read:
        anna = await read.scalar(select(account.c.id).where(account.c.user_name == ANNA))
    assert (await office.get("/v1/staff")).status_code == 403
    assert (await office.post(f"/v1/staff/{anna}/password")).status_code == 403
    # and no way round by the customers' routes
    for method, path, body in (
        ("GET", "", None),
        ("POST", "/password", None),
        ("POST", "/invitation", None),
        ("PATCH", "", {"administrator": False}),
        ("DELETE", "", None),
    ):
        refused = await office.request(
            method, f"/v1/accounts/{anna}{path}", json=body, headers={"If-Match": '"1"'}
        )
        assert refused.status_code == 404, (method, path)
    program = development_token(ADMIN, "program", scopes=["staff:write", "accounts:write"])
    office.headers["Authorization"] = f"Bearer {program}"
    assert (await office.post(f"/v1/staff/{anna}/password")).status_code == 403
    assert (await office.post(f"/v1/accounts/{await new_customer(house)}/password")).status_code == 403


async def test_staff_are_made_changed_and_closed(house: Running[Any], admin: httpx.AsyncClient) -> None:
    body = {"email": "ben@contractor.example", "name": "Ben", "role": "technician"}
    made = await admin.post("/v1/staff", json=body)
    assert made.status_code == 201, made.text
    path = f"/v1/staff/{made.json()['id']}"
    (mail,) = await mailed(house)
    assert mail["user_name"] == "ben@contractor.example"
    async with browser(house) as ben:
        assert (await log_on(ben, "ben@contractor.example", mail["password"])).status_code == 200
        done = await admin.patch(path, json={"role": "office.dispatcher"}, headers={"If-Match": '"1"'})
        assert done.json()["role"] == "office.dispatcher"
        assert (await ben.get("/v1/session")).status_code == 401
    assert [item["user_name"] for item in (await admin.get("/v1/staff")).json()["items"]] == [
        ANNA,
        body["email"],
    ]
    assert (
        await admin.patch(path, json={"role": "customer"}, headers={"If-Match": '"2"'})
    ).status_code == 422
    assert (await admin.delete(path, headers={"If-Match": '"2"'})).status_code == 204
    assert await trail(house) == [
        ("root", "account.invitation_sent"),
        (made.json()["id"], "account.logged_on"),
        ("root", "account.changed"),
        ("root", "account.closed"),
    ]


@BOTH
async def test_the_last_administrator_stays(house: Running[Any], admin: httpx.AsyncClient) -> None:
    (anna,) = (await admin.get("/v1/staff")).json()["items"]
    path, match = f"/v1/staff/{anna['id']}", {"If-Match": '"1"'}
    assert (await admin.delete(path, headers=match)).status_code == 409
    demoted = await admin.patch(path, json={"role": "technician"}, headers=match)
    assert demoted.status_code == 409
    # one who has never logged on cannot let anybody in
    await admin.post("/v1/staff", json={"email": "c@contractor.example", "name": "C", "role": "office.admin"})
    assert (await admin.delete(path, headers=match)).status_code == 409
    ben = f"/v1/staff/{await new_staff(house, 'ben')}"
    done = await asyncio.gather(admin.delete(path, headers=match), admin.delete(ben, headers=match))
    assert sorted(each.status_code for each in done) == [204, 409]


async def test_a_customers_token_is_worth_what_the_account_is_now(
    house: Running[Any], office: httpx.AsyncClient
) -> None:
    id = await new_customer(house, administrator=True)
    async with client(house, "customer.admin", subject=str(id)) as pat:

        async def sees() -> int:
            return (await pat.get("/v1/me/accounts")).status_code

        assert await sees() == 200
        await office.patch(f"/v1/accounts/{id}", json={"administrator": False}, headers={"If-Match": '"1"'})
        assert await sees() == 401
        await office.patch(f"/v1/accounts/{id}", json={"administrator": True}, headers={"If-Match": '"2"'})
        assert await sees() == 200
        given = (await office.post(f"/v1/accounts/{id}/password")).json()
        assert await sees() == 401
        async with browser(house) as person:
            await log_on(person, given["user_name"], given["password"])
            body = {"password": given["password"], "new_password": OTHER}
            assert (await person.post("/v1/session/password", json=body)).status_code == 200
        assert await sees() == 200
        await office.delete(f"/v1/accounts/{id}", headers={"If-Match": '"3"'})
        assert await sees() == 401
    async with client(house, "customer.admin", subject="made up") as nobody:
        assert (await nobody.get("/v1/me/accounts")).status_code == 401
