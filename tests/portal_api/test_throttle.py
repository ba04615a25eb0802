"""Guessing is slow, and does not lock the owner out."""

import asyncio
from typing import Any

import httpx
from people import ANNA, BOTH, OTHER, PASSWORD, Clock, browser, log_on, mailed, new_customer
from portal_api.flows.resets import answer
from portal_api.flows.throttle import address_budget, device_cookie
from portal_api.service import service
from shared.bus import LocalBus
from shared.db import Database
from shared.service import Running

PAT = "pat@household.example"


async def guess(person: httpx.AsyncClient, times: int, user_name: str = ANNA) -> list[int]:
    return [(await log_on(person, user_name, f"{OTHER} {n}")).status_code for n in range(times)]


@BOTH
async def test_an_account_is_closed_to_strangers_after_ten_wrong_passwords(
    house: Running[Any], clock: Clock
) -> None:
    async with browser(house) as stranger:
        assert await guess(stranger, 11) == [401] * 10 + [429]
        clock.move(minutes=5)
        refused = await log_on(stranger, ANNA)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "600")
        clock.move(minutes=10)
        assert (await log_on(stranger, ANNA)).status_code == 200


async def test_who_has_no_account_is_throttled_alike(house: Running[Any], clock: Clock) -> None:
    async with browser(house) as stranger:
        for _ in range(11):
            known = await log_on(stranger, ANNA, OTHER)
            unknown = await log_on(stranger, "nobody@contractor.example", OTHER)
            assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
        assert known.status_code == 429


@BOTH
async def test_many_guesses_at_once_gain_nothing(house: Running[Any]) -> None:
    people = [browser(house, address=f"203.0.113.{n}") for n in range(4)]
    done = await asyncio.gather(*(guess(each, 4) for each in people))
    assert sorted(status for each in done for status in each) == [401] * 10 + [429] * 6
    for each in people:
        await each.aclose()


async def test_the_owners_own_device_is_let_in(house: Running[Any]) -> None:
    async with browser(house) as anna, browser(house, address="203.0.113.9") as stranger:
        assert (await log_on(anna, ANNA)).status_code == 200
        assert (await guess(stranger, 12))[-1] == 429
        assert (await log_on(anna, ANNA, OTHER)).status_code == 401
        assert (await log_on(anna, ANNA)).status_code == 200
        assert (await guess(anna, 11))[-1] == 429  # a stolen device has a budget too


async def test_a_device_is_known_for_one_account_only(house: Running[Any]) -> None:
    await new_customer(house)
    async with browser(house) as pat, browser(house, address="203.0.113.9") as stranger:
        assert (await log_on(pat, PAT)).status_code == 200
        await guess(stranger, 11)
        assert (await log_on(pat, ANNA)).status_code == 429
        pats = pat.cookies[device_cookie(PAT)]
        pat.cookies.set(device_cookie(ANNA), pats, domain="portal.contractor.test")
        assert (await log_on(pat, ANNA)).status_code == 429
        pat.cookies.set(device_cookie(ANNA), "made up", domain="portal.contractor.test")
        assert (await log_on(pat, ANNA)).status_code == 429


async def test_a_new_password_lets_the_owner_in(house: Running[Any]) -> None:
    async with browser(house) as anna, browser(house, address="203.0.113.9") as stranger:
        await guess(stranger, 11)
        assert (await log_on(anna, ANNA)).status_code == 429
        await anna.post("/v1/password-resets", json={"user_name": ANNA})
        async with house.work() as work:
            await answer(work)
        token = (await mailed(house))[-1]["link"].partition("#")[2]
        body = {"token": token, "new_password": OTHER}
        assert (await anna.post("/v1/password-resets/confirmation", json=body)).status_code == 204
        await guess(stranger, 11)
        assert (await log_on(anna, ANNA, OTHER)).status_code == 200


async def test_an_address_that_tries_many_names_is_slowed_down(house: Running[Any], clock: Clock) -> None:
    most = house.settings.address_attempts
    async with (
        browser(house, address="2001:db8:1:2::7") as one,
        browser(house, address="2001:db8:1:2:ff::1") as two,
    ):
        for n in range(most):
            person = one if n % 2 else two
            assert (await log_on(person, f"nobody{n}@contractor.example", OTHER)).status_code == 401
        assert (await log_on(one, ANNA)).status_code == 429
    async with browser(house, address="2001:db8:1:3::7") as neighbour:
        assert (await log_on(neighbour, ANNA)).status_code == 200


async def test_a_success_does_not_wash_an_address_clean(house: Running[Any]) -> None:
    most = house.settings.address_attempts
    async with browser(house) as attacker:
        for n in range(most - 1):
            await log_on(attacker, f"nobody{n}@contractor.example", OTHER)
        assert (await log_on(attacker, ANNA)).status_code == 200
        assert (await log_on(attacker, "one@contractor.example", OTHER)).status_code == 401
        assert (await log_on(attacker, "two@contractor.example", OTHER)).status_code == 429


async def test_replicas_count_together(house: Running[Any]) -> None:
    other = Running(service, house.settings, Database(house.database.url), LocalBus())
    async with other.start(loops=False), browser(house) as here, browser(other) as there:
        assert await guess(here, 5) == [401] * 5
        assert await guess(there, 6) == [401] * 5 + [429]


def test_addresses_that_are_none_are_counted_too() -> None:
    class Few:
        address_attempts = 3

    assert address_budget(Few(), "unknown").key != address_budget(Few(), "198.51.100.7").key


def _device(person: httpx.AsyncClient) -> str:
    return person.cookies[device_cookie(ANNA)]


def _also(held: str) -> list[str]:
    """Ways to write the same, for a reader that is not strict."""
    ways = [held + mark for mark in ("!", "=", "==", " ", "\n", "-", "_", "%", "AA")]
    ways += [mark + held for mark in ("!", " ", "*")]
    ways += [held[:place] + mark + held[place:] for place in (1, 7, 40) for mark in ("!", ".", "*", "\t")]
    return [*ways, held.rstrip("="), held.replace("=", "!"), held.swapcase(), held[:-2], ""]


async def test_a_device_is_one_however_its_cookie_is_written(house: Running[Any]) -> None:
    """Each other spelling would be another device with tries of its own."""
    async with browser(house) as anna, browser(house, address="203.0.113.9") as thief:
        assert (await log_on(anna, ANNA)).status_code == 200
        held, done = _device(anna), list[int]()
        for way in (held, *_also(held) * 2):
            answer = await thief.post(
                "/v1/session",
                json={"user_name": ANNA, "password": f"{OTHER} {len(done)}"},
                headers={"Cookie": f"{device_cookie(ANNA)}={way}"},
            )
            done.append(answer.status_code)
        assert set(done) == {401, 429}
        assert done.count(401) <= 10 + 10  # what the device has, and what a stranger has


async def test_a_device_is_forgotten_with_the_password_and_in_time(house: Running[Any], clock: Clock) -> None:
    async with browser(house) as anna, browser(house, address="203.0.113.9") as stranger:
        assert (await log_on(anna, ANNA)).status_code == 200
        before = _device(anna)
        assert (await log_on(anna, ANNA)).status_code == 200
        assert _device(anna) != before
        changed = await anna.post(
            "/v1/session/password",
            json={"password": PASSWORD, "new_password": "a wholly new secret sentence"},
        )
        assert changed.status_code == 200, changed.text
        after = _device(anna)
        assert (await guess(stranger, 12))[-1] == 429
        stranger.cookies.set(device_cookie(ANNA), before, domain="portal.contractor.test")
        assert (await guess(stranger, 1)) == [429]  # of the old password: a stranger
        stranger.cookies.set(device_cookie(ANNA), after, domain="portal.contractor.test")
        assert (await guess(stranger, 1)) == [401]
        clock.move(days=181)
        assert (await guess(stranger, 11)) == [401] * 10 + [429]
