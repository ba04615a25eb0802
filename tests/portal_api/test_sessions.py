"""Logging on and out; what keeps a session alive and what ends it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from harness import client
from people import (
    ANNA,
    BOTH,
    OTHER,
    PASSWORD,
    WEB,
    Clock,
    alive,
    browser,
    log_on,
    mailed,
    new_customer,
    new_staff,
)
from portal_api.flows.accounts import close_for_location, hashed_with
from portal_api.flows.resets import answer, ask
from portal_api.models.accounts import account, session
from portal_api.queries.keys import key_set
from shared.auth import ADMIN, Verifier
from shared.service import Running
from sqlalchemy import select, update


async def test_a_logon_gives_a_cookie_that_scripts_and_other_sites_cannot_use(house: Running[Any]) -> None:
    async with browser(house) as person:
        answer = await log_on(person, ANNA)
        cookie = next(
            each for each in answer.headers.get_list("set-cookie") if each.startswith("__Host-callboard=")
        )
        token, *attributes = cookie.split("; ")
        assert {each.lower() for each in attributes} == {"httponly", "path=/", "samesite=lax", "secure"}
        assert answer.headers["cache-control"] == "no-store"
        said = answer.json()
        assert (said["user_name"], said["role"], said["must_change"]) == (ANNA, "office.admin", False)
        assert PASSWORD not in answer.text
        assert token.partition("=")[2] not in answer.text
        assert (await person.get("/v1/session")).json() == said


@BOTH
async def test_twenty_minutes_without_activity_end_a_session(clock: Clock, anna: httpx.AsyncClient) -> None:
    clock.move(minutes=19)
    assert (await anna.post("/v1/session/activity")).status_code == 200
    clock.move(minutes=19, seconds=59)
    assert await alive(anna)  # and asking is no activity
    for _ in (1200, 1201):
        clock.move(seconds=1)
        assert not await alive(anna)
        assert (await anna.post("/v1/session/activity")).status_code == 401


async def test_activity_at_the_last_second_counts(clock: Clock, anna: httpx.AsyncClient) -> None:
    clock.move(minutes=19, seconds=59)
    assert (await anna.post("/v1/session/activity")).status_code == 200
    clock.move(minutes=19, seconds=59)
    assert await alive(anna)


async def test_reading_and_fetching_tokens_is_no_activity(clock: Clock, anna: httpx.AsyncClient) -> None:
    ends = (await anna.get("/v1/session")).json()["idle_ends_at"]
    clock.move(minutes=19)
    assert (await anna.post("/v1/session/token")).status_code == 200
    assert (await anna.get("/v1/session/all")).status_code == 200
    assert (await anna.get("/v1/session")).json()["idle_ends_at"] == ends
    clock.move(minutes=1)
    assert not await alive(anna)
    assert (await anna.post("/v1/session/token")).status_code == 401


async def test_twelve_hours_end_a_session_however_busy(clock: Clock, anna: httpx.AsyncClient) -> None:
    for _ in range(37):
        clock.move(minutes=19)
        last = await anna.post("/v1/session/activity")
        assert last.status_code == 200
    clock.move(minutes=16, seconds=59)
    said = (await anna.get("/v1/session")).json()
    assert said["idle_ends_at"] == said["ends_at"] == last.json()["idle_ends_at"]
    clock.move(seconds=1)
    assert not await alive(anna)


async def test_a_token_carries_the_role_of_now_and_two_minutes(
    house: Running[Any], anna: httpx.AsyncClient
) -> None:
    said = (await anna.post("/v1/session/token")).json()
    assert said["expires_in"] == 120
    who = await Verifier(lambda: key_set(house)).principal(said["access_token"])
    assert (who.roles, who.scopes) == ({"office.admin"}, None)
    assert UUID(who.subject)
    async with house.work() as work:
        await work.session.execute(update(account).values(role="technician"))
    again = (await anna.post("/v1/session/token")).json()
    assert (await Verifier(lambda: key_set(house)).principal(again["access_token"])).roles == {"technician"}


async def test_leaving_ends_the_session_on_the_server(house: Running[Any], anna: httpx.AsyncClient) -> None:
    token = anna.cookies["__Host-callboard"]
    assert (await anna.delete("/v1/session")).status_code == 204
    assert "__Host-callboard" not in anna.cookies
    async with browser(house) as thief:
        thief.cookies.set("__Host-callboard", token, domain="portal.contractor.test")
        assert not await alive(thief)


async def test_logging_on_again_ends_the_session_that_was_there(
    house: Running[Any], anna: httpx.AsyncClient
) -> None:
    old = anna.cookies["__Host-callboard"]
    assert (await log_on(anna, ANNA, OTHER)).status_code == 401
    assert await alive(anna)
    assert (await log_on(anna, ANNA)).status_code == 200
    assert anna.cookies["__Host-callboard"] != old
    assert len((await anna.get("/v1/session/all")).json()) == 1


@BOTH
async def test_my_sessions_and_nobody_elses(house: Running[Any], anna: httpx.AsyncClient) -> None:
    await new_staff(house, "ben", "office.dispatcher")
    async with browser(house) as second, browser(house) as ben:
        await log_on(second, ANNA)
        await log_on(ben, "ben@contractor.example")
        mine = (await anna.get("/v1/session/all")).json()
        assert [each["current"] for each in mine] == [False, True]
        assert mine[0]["address"] == "198.51.100.7"
        (his,) = (await ben.get("/v1/session/all")).json()
        assert (await anna.delete(f"/v1/session/all/{his['id']}")).status_code == 404
        assert (await anna.delete(f"/v1/session/all/{mine[0]['id']}")).status_code == 204
        assert [await alive(each) for each in (anna, second, ben)] == [True, False, True]
        await log_on(second, ANNA)
        assert (await anna.delete("/v1/session/all")).status_code == 204
        assert [await alive(each) for each in (anna, second, ben)] == [False, False, True]


async def _change_role(run: Running[Any], id: UUID) -> None:
    async with client(run, *ADMIN) as office:
        body, match = {"administrator": True}, {"If-Match": '"1"'}
        done = await office.patch(f"/v1/accounts/{id}", json=body, headers=match)
        assert done.status_code == 200, done.text


async def _revoke(run: Running[Any], id: UUID) -> None:
    async with client(run, *ADMIN) as office:
        done = await office.delete(f"/v1/accounts/{id}", headers={"If-Match": '"1"'})
        assert done.status_code == 204, done.text


async def _generate(run: Running[Any], id: UUID) -> None:
    async with client(run, *ADMIN) as office:
        assert (await office.post(f"/v1/accounts/{id}/password")).status_code == 200


async def _close_location(run: Running[Any], id: UUID) -> None:
    async with run.work() as work:
        place = await work.session.scalar(select(account.c.location_id).where(account.c.id == id))
        assert place is not None
        await close_for_location(work, place)


async def _reset(run: Running[Any], id: UUID) -> None:
    async with run.work() as work:
        await ask(work, "pat@household.example")
        await answer(work)
    token = (await mailed(run))[-1]["link"].partition("#")[2]
    async with browser(run) as elsewhere:
        done = await elsewhere.post(
            "/v1/password-resets/confirmation", json={"token": token, "new_password": OTHER}
        )
        assert done.status_code == 204, done.text


@pytest.mark.parametrize("what", [_change_role, _revoke, _generate, _close_location, _reset])
async def test_what_changes_who_somebody_is_ends_the_sessions(
    house: Running[Any], what: Callable[[Running[Any], UUID], Awaitable[None]]
) -> None:
    id = await new_customer(house)
    async with browser(house) as pat:
        await log_on(pat, "pat@household.example")
        assert await alive(pat)
        await what(house, id)
        assert not await alive(pat)
        assert (await pat.post("/v1/session/token")).status_code == 401


@BOTH
async def test_changing_the_password_ends_the_other_sessions(
    house: Running[Any], anna: httpx.AsyncClient
) -> None:
    async with browser(house) as second:
        await log_on(second, ANNA)
        old = anna.cookies["__Host-callboard"]
        wrong = {"password": OTHER, "new_password": "nine amber kettles"}
        assert (await anna.post("/v1/session/password", json=wrong)).status_code == 403
        same = {"password": PASSWORD, "new_password": PASSWORD}
        assert (await anna.post("/v1/session/password", json=same)).status_code == 422
        weak = await anna.post(
            "/v1/session/password", json={"password": PASSWORD, "new_password": "password1234"}
        )
        assert (weak.status_code, "tried first" in weak.json()["detail"]) == (422, True)
        body = {"password": PASSWORD, "new_password": OTHER}
        assert (await anna.post("/v1/session/password", json=body)).status_code == 200
        assert anna.cookies["__Host-callboard"] != old
        assert [await alive(each) for each in (anna, second)] == [True, False]
        second.cookies.set("__Host-callboard", old, domain="portal.contractor.test")
        assert not await alive(second)
        assert (await log_on(second, ANNA)).status_code == 401
        assert (await log_on(second, ANNA, OTHER)).status_code == 200


UNSAFE = [
    ("POST", ""),
    ("DELETE", ""),
    ("POST", "/activity"),
    ("POST", "/token"),
    ("DELETE", "/all"),
    ("POST", "/password"),
    ("POST", "/totp"),
    ("POST", "/totp/confirmation"),
    ("POST", "/totp/removal"),
]


async def test_another_sites_page_can_do_nothing_with_our_cookie(anna: httpx.AsyncClient) -> None:
    del anna.headers["X-Requested-With"]
    body = {"user_name": ANNA, "password": PASSWORD, "new_password": OTHER, "code": "123456"}
    for origin in (
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": WEB + ".evil.example"},
    ):
        for method, path in UNSAFE:
            refused = await anna.request(method, f"/v1/session{path}", json=body, headers=origin)
            assert refused.status_code == 403, (method, path, origin)
            assert "not come from our own pages" in refused.json()["title"]
    assert await alive(anna)
    assert (await anna.post("/v1/session/token", headers={"Origin": WEB})).status_code == 200


async def test_who_must_change_the_password_can_do_nothing_else(house: Running[Any]) -> None:
    async with client(house, *ADMIN) as office, browser(house) as ben:
        made = await office.post(
            "/v1/staff",
            json={"email": "ben@contractor.example", "name": "Ben", "role": "technician", "send": False},
        )
        assert made.status_code == 201, made.text
        path = f"/v1/staff/{made.json()['id']}"
        given = (await office.post(f"{path}/password")).json()
        said = (await log_on(ben, "ben@contractor.example", given["password"])).json()
        assert said["must_change"] is True
        for method, url in (
            ("POST", "/v1/session/token"),
            ("GET", "/v1/session/all"),
            ("DELETE", "/v1/session/all"),
            ("POST", "/v1/session/totp"),
        ):
            refused = await ben.request(method, url, json={"password": given["password"]})
            assert (refused.status_code, refused.json()["must_change"]) == (403, True)
        body = {"password": given["password"], "new_password": OTHER}
        assert (await ben.post("/v1/session/password", json=body)).json()["must_change"] is False
        assert (await ben.post("/v1/session/token")).status_code == 200
        assert (await office.get(path)).json()["state"] == "active"
        async with browser(house) as late:
            assert (await log_on(late, "ben@contractor.example", given["password"])).status_code == 401


@BOTH
async def test_a_one_time_password_works_once(house: Running[Any]) -> None:
    """Also of two at once; who did not get to choose a new one asks for another."""
    id = await new_customer(house)
    async with client(house, *ADMIN) as office, browser(house) as pat, browser(house) as other:
        given = (await office.post(f"/v1/accounts/{id}/password")).json()
        who = given["user_name"], given["password"]
        done = await asyncio.gather(log_on(pat, *who), log_on(other, *who))
        assert sorted(each.status_code for each in done) == [200, 401]
        assert (await log_on(pat, *who)).status_code == 401
        first = pat if done[0].status_code == 200 else other
        body = {"password": given["password"], "new_password": "a wholly new secret sentence"}
        assert (await first.post("/v1/session/password", json=body)).status_code == 200
        assert (await log_on(other, given["user_name"], body["new_password"])).status_code == 200


async def test_a_one_time_password_is_good_for_seven_days(house: Running[Any], clock: Clock) -> None:
    id = await new_customer(house)
    async with client(house, *ADMIN) as office, browser(house) as pat:
        given = (await office.post(f"/v1/accounts/{id}/password")).json()
        clock.move(days=7, seconds=-1)
        assert (await log_on(pat, given["user_name"], given["password"])).status_code == 200
        given = (await office.post(f"/v1/accounts/{id}/password")).json()
        clock.move(days=7)
        assert (await log_on(pat, given["user_name"], given["password"])).status_code == 401


async def test_old_hashes_are_renewed_at_the_next_logon(house: Running[Any]) -> None:
    async with house.work() as work:
        costly = type(house.settings)(**{**house.settings.model_dump(), "password_time": 2})
        await work.session.execute(update(account).values(password_hash=await hashed_with(costly, PASSWORD)))
    async with browser(house) as person:
        assert (await log_on(person, ANNA)).status_code == 200
        async with house.database.read() as read:
            assert "m=8,t=1,p=1" in str(await read.scalar(select(account.c.password_hash)))
        assert (await log_on(person, ANNA)).status_code == 200


async def test_only_hashes_of_tokens_are_kept(house: Running[Any], anna: httpx.AsyncClient) -> None:
    async with house.database.read() as read:
        kept = await read.scalar(select(session.c.token_hash))
    assert kept is not None
    async with browser(house) as thief:
        thief.cookies.set("__Host-callboard", kept.hex(), domain="portal.contractor.test")
        assert not await alive(thief)
