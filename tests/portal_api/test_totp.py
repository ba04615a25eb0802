"""The second factor of staff."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pyotp
import pytest
from harness import client
from people import ANNA, BOTH, OTHER, PASSWORD, Clock, browser, log_on, new_customer
from portal_api.models.accounts import account
from shared.auth import ADMIN
from shared.service import Running
from shared.tables import audit
from sqlalchemy import select

STEP = timedelta(seconds=30)


@pytest.fixture
async def app(clock: Clock, anna: httpx.AsyncClient) -> tuple[pyotp.TOTP, list[str]]:
    """Anna's telephone and her recovery codes."""
    begun = await anna.post("/v1/session/totp", json={"password": PASSWORD})
    assert begun.status_code == 200, begun.text
    said = begun.json()
    assert said["qr"].startswith("<svg")
    assert said["uri"].startswith("otpauth://totp/")
    telephone = pyotp.parse_uri(said["uri"])
    assert isinstance(telephone, pyotp.TOTP)
    assert telephone.secret == said["secret"]
    clock.move(seconds=-300)
    on = await anna.post("/v1/session/totp/confirmation", json={"code": telephone.at(clock.now)})
    clock.move(seconds=300)
    assert on.status_code == 200, on.text
    return telephone, on.json()["codes"]


Phone = tuple[pyotp.TOTP, list[str]]


@BOTH
async def test_a_code_is_needed_and_works_once(house: Running[Any], clock: Clock, app: Phone) -> None:
    telephone, _ = app
    code = telephone.at(clock.now)
    async with browser(house) as person:
        missing = await log_on(person, ANNA)
        assert (missing.status_code, missing.json()["code_needed"]) == (401, True)
        assert "__Host-callboard" not in person.cookies
        assert "code_needed" not in (await log_on(person, ANNA, OTHER, code=code)).json()
        assert (await log_on(person, ANNA, code="000000")).status_code == 401
        assert (await log_on(person, ANNA, code=code)).status_code == 200
        assert (await log_on(person, ANNA, code=code)).status_code == 401
        assert (await log_on(person, ANNA, code=telephone.at(clock.now + -1 * STEP))).status_code == 401
        assert (await log_on(person, ANNA, code=telephone.at(clock.now + 1 * STEP))).status_code == 200
        clock.move(seconds=90)
        assert (await log_on(person, ANNA, code=telephone.at(clock.now + -2 * STEP))).status_code == 401
        assert (await log_on(person, ANNA, code=telephone.at(clock.now))).status_code == 200


@pytest.mark.parametrize("letters", ["１２３４５６", "é12345", "\u0661\u0662\u0663\u0664\u0665\u0666"])
async def test_a_code_in_other_letters_is_a_wrong_one(house: Running[Any], app: Phone, letters: str) -> None:
    async with browser(house) as person:
        assert (await log_on(person, ANNA, code=letters)).status_code == 401


@BOTH
async def test_of_two_logons_with_one_code_one_wins(house: Running[Any], clock: Clock, app: Phone) -> None:
    telephone, codes = app
    for code in (telephone.at(clock.now), codes[3]):
        async with browser(house) as one, browser(house) as two:
            done = await asyncio.gather(log_on(one, ANNA, code=code), log_on(two, ANNA, code=code))
        assert sorted(each.status_code for each in done) == [200, 401]


async def test_recovery_codes_work_once_each(house: Running[Any], app: Phone) -> None:
    _, codes = app
    assert len(set(codes)) == 10
    async with browser(house) as person:
        assert (await log_on(person, ANNA, code=codes[0].upper())).status_code == 200
        assert (await log_on(person, ANNA, code=codes[0])).status_code == 401
        assert (await log_on(person, ANNA, code=codes[1])).status_code == 200


async def test_codes_cannot_be_guessed_for_long(house: Running[Any], app: Phone) -> None:
    async with browser(house, address="203.0.113.9") as thief:
        done = [(await log_on(thief, ANNA, code=f"{n:06}")).status_code for n in range(11)]
    assert done == [401] * 10 + [429]


async def test_it_is_turned_off_with_the_password_or_by_an_administrator(
    house: Running[Any], clock: Clock, anna: httpx.AsyncClient, app: Phone
) -> None:
    again = await anna.post("/v1/session/totp", json={"password": PASSWORD})
    assert again.status_code == 409
    assert (await anna.post("/v1/session/totp/removal", json={"password": OTHER})).status_code == 403
    assert (await anna.post("/v1/session/totp/removal", json={"password": PASSWORD})).status_code == 204
    assert (await anna.get("/v1/session")).json()["totp_on"] is False
    async with browser(house) as person:
        assert (await log_on(person, ANNA)).status_code == 200
    begun = (await anna.post("/v1/session/totp", json={"password": PASSWORD})).json()
    code = pyotp.TOTP(begun["secret"]).at(clock.now)
    assert (await anna.post("/v1/session/totp/confirmation", json={"code": code})).status_code == 200
    async with house.database.read() as read:
        id = await read.scalar(select(account.c.id).where(account.c.user_name == ANNA))
    async with client(house, *ADMIN) as admin, browser(house) as person:
        assert (await admin.delete(f"/v1/staff/{id}/totp")).status_code == 204
        assert (await log_on(person, ANNA)).status_code == 200


async def test_it_is_on_only_after_a_right_code(
    house: Running[Any], clock: Clock, anna: httpx.AsyncClient
) -> None:
    assert (await anna.post("/v1/session/totp", json={"password": OTHER})).status_code == 403
    assert (await anna.post("/v1/session/totp/confirmation", json={"code": "123456"})).status_code == 409
    begun = (await anna.post("/v1/session/totp", json={"password": PASSWORD})).json()
    old = pyotp.TOTP(begun["secret"]).at(clock.now - 5 * STEP)
    assert (await anna.post("/v1/session/totp/confirmation", json={"code": old})).status_code == 422
    async with browser(house) as person:
        assert (await log_on(person, ANNA)).status_code == 200


async def test_the_secret_is_sealed_and_the_codes_hashed(house: Running[Any], app: Phone) -> None:
    telephone, _ = app
    async with house.database.read() as read:
        kept = str(await read.scalar(select(account.c.totp).where(account.c.user_name == ANNA)))
    assert telephone.secret not in kept


async def test_customers_have_none(house: Running[Any]) -> None:
    await new_customer(house)
    async with browser(house) as pat:
        await log_on(pat, "pat@household.example")
        assert (await pat.post("/v1/session/totp", json={"password": PASSWORD})).status_code == 404


async def test_refused_logons_leave_a_trace_at_the_account(
    house: Running[Any], clock: Clock, app: Phone
) -> None:
    telephone, _ = app
    async with browser(house, address="203.0.113.9") as thief:
        assert (await log_on(thief, ANNA, OTHER)).status_code == 401
        assert (await log_on(thief, ANNA, code="000000")).status_code == 401
        assert (await log_on(thief, "nobody@contractor.example", OTHER)).status_code == 401
        assert (await log_on(thief, ANNA, code=telephone.at(clock.now))).status_code == 200
    async with house.database.read() as read:
        query = select(audit.c.subject, audit.c.after).where(audit.c.action == "account.logon_refused")
        found = [(row.subject, row.after) for row in await read.execute(query)]
        id = str(await read.scalar(select(account.c.id).where(account.c.user_name == ANNA)))
        assert found == [(who, {"address": "203.0.113.9"}) for who in (id, id, "unknown")]
