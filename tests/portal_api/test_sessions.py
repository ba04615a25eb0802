"""Logging on and out; what keeps a session alive and what ends it."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from harness import client
from people import OTHER, PASSWORD, Clock, browser, log_on, new_customer, new_staff, portal
from portal_api.models.accounts import session
from shared.service import Running
from sqlalchemy import select

ANNA = "anna@contractor.example"


@pytest.fixture
async def house(any_database: str) -> AsyncGenerator[Running[Any]]:
    async with portal(any_database) as running:
        await new_staff(running)
        yield running


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
async def anna(house: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with browser(house) as person:
        answer = await log_on(person, "  Anna@contractor.example ")
        assert answer.status_code == 200, answer.text
        yield person


async def alive(person: httpx.AsyncClient) -> bool:
    answer = await person.get("/v1/session")
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


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


@pytest.mark.parametrize(("minutes", "seconds", "lives"), [(19, 59, True), (20, 0, False), (20, 1, False)])
async def test_twenty_minutes_without_activity_end_a_session(
    clock: Clock, anna: httpx.AsyncClient, minutes: int, seconds: int, lives: bool
) -> None:
    clock.move(minutes=19)
    assert (await anna.post("/v1/session/activity")).status_code == 200
    clock.move(minutes=minutes, seconds=seconds)
    assert await alive(anna) is lives
    assert ((await anna.post("/v1/session/activity")).status_code == 200) is lives


async def test_reading_and_fetching_tokens_is_no_activity(clock: Clock, anna: httpx.AsyncClient) -> None:
    ends = (await anna.get("/v1/session")).json()["idle_ends_at"]
    clock.move(minutes=19)
    assert (await anna.post("/v1/session/token")).status_code == 200
    assert (await anna.get("/v1/session/all")).status_code == 200
    assert (await anna.get("/v1/session")).json()["idle_ends_at"] == ends
    clock.move(minutes=1)
    assert not await alive(anna)
    assert (await anna.post("/v1/session/token")).status_code == 401
