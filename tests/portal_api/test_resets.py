"""Lost passwords: who asks learns nothing, and a link works once."""

import asyncio
from collections.abc import Generator
from typing import Any

import httpx
import pytest
from people import ANNA, BOTH, OTHER, PASSWORD, WEB, Clock, browser, log_on, mailed, new_customer
from portal_api import passwords
from portal_api.flows.resets import answer
from portal_api.models.accounts import password_reset, reset_request
from shared.service import Running
from sqlalchemy import event, func, select


async def ask(person: httpx.AsyncClient, user_name: str = ANNA, **headers: str) -> httpx.Response:
    return await person.post("/v1/password-resets", json={"user_name": user_name}, headers=headers)


async def answered(run: Running[Any]) -> None:
    async with run.work() as work:
        await answer(work)


async def link(run: Running[Any]) -> str:
    await answered(run)
    return (await mailed(run))[-1]["link"]


async def use(person: httpx.AsyncClient, link: str, password: str = OTHER) -> httpx.Response:
    body = {"token": link.partition("#")[2], "new_password": password}
    return await person.post("/v1/password-resets/confirmation", json=body)


@pytest.fixture
def done(house: Running[Any], monkeypatch: pytest.MonkeyPatch) -> Generator[list[str]]:
    """The statements that the database is sent, and a "wake" for each loop that is woken."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        found.append(statement)

    engines = {house.database.writer.sync_engine, house.database.reader.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    monkeypatch.setattr(house, "wake", lambda _loop: found.append("wake"))
    yield found
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


@BOTH
async def test_a_link_sets_a_password_once(house: Running[Any]) -> None:
    async with browser(house) as anna:
        assert (await ask(anna, f" {ANNA.upper()} ")).status_code == 202
        mailed_link = await link(house)
        assert mailed_link.startswith(f"{WEB}/reset#")
        assert (await use(anna, mailed_link)).status_code == 204
        assert (await log_on(anna, ANNA)).status_code == 401
        assert (await log_on(anna, ANNA, OTHER)).status_code == 200
        assert (await use(anna, mailed_link, "nine amber kettles")).status_code == 410
        assert (await log_on(anna, ANNA, OTHER)).status_code == 200


@BOTH
async def test_of_two_uses_at_once_one_wins(house: Running[Any]) -> None:
    async with browser(house) as one, browser(house) as two:
        await ask(one)
        mailed_link = await link(house)
        chosen = ("nine amber kettles", "four tall lanterns")
        done = await asyncio.gather(use(one, mailed_link, chosen[0]), use(two, mailed_link, chosen[1]))
        assert sorted(each.status_code for each in done) == [204, 410]
        works = [(await log_on(one, ANNA, each)).status_code == 200 for each in chosen]
        assert works == [each.status_code == 204 for each in done]


async def test_a_link_is_good_for_thirty_minutes(house: Running[Any], clock: Clock) -> None:
    async with browser(house) as anna:
        await ask(anna)
        first = await link(house)
        clock.move(minutes=30)
        assert (await use(anna, first)).status_code == 410
        await ask(anna)
        second = await link(house)
        clock.move(minutes=29, seconds=59)
        assert (await use(anna, second)).status_code == 204


async def test_a_newer_link_voids_the_older(house: Running[Any]) -> None:
    async with browser(house) as anna:
        await ask(anna)
        first = await link(house)
        await ask(anna)
        second = await link(house)
        assert (await use(anna, first)).status_code == 410
        assert (await use(anna, second)).status_code == 204


async def test_looking_at_a_link_does_not_use_it_up(house: Running[Any]) -> None:
    async with browser(house) as anna, browser(house) as scanner:
        await ask(anna)
        mailed_link = await link(house)
        token = mailed_link.partition("#")[2]
        for url in (
            mailed_link,
            f"{WEB}/reset?{token}",
            f"{WEB}/v1/password-resets/confirmation?token={token}",
        ):
            for method in ("GET", "HEAD"):
                assert (await scanner.request(method, url)).status_code in (404, 405)
        assert (await use(anna, mailed_link, "short")).status_code == 422
        assert (await use(anna, mailed_link, "anna@contractor")).status_code == 422
        assert (await use(anna, mailed_link)).status_code == 204


async def test_the_host_header_changes_no_link(house: Running[Any]) -> None:
    async with browser(house, host="evil.example") as attacker:
        assert (await ask(attacker, **{"X-Forwarded-Host": "evil.example"})).status_code == 202
    assert (await link(house)).startswith(f"{WEB}/reset#")


async def test_the_answer_does_not_tell_who_has_an_account(house: Running[Any], done: list[str]) -> None:
    async with browser(house) as somebody:
        known, did = await ask(somebody), done.copy()
        done.clear()
        unknown = await ask(somebody, "nobody@contractor.example")
    assert did == done
    assert done
    assert "wake" not in done, "the work for those who have one would slow down those who ask next"
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert {*known.headers.items()} == {*unknown.headers.items()}
    async with house.database.read() as read:
        assert await read.scalar(select(func.count()).select_from(reset_request)) == 2
    await answered(house)
    assert len(await mailed(house)) == 1
    async with house.database.read() as read:
        assert await read.scalar(select(func.count()).select_from(reset_request)) == 0


async def test_nor_does_a_logon_in_bytes_or_work(
    house: Running[Any], monkeypatch: pytest.MonkeyPatch, done: list[str]
) -> None:
    await new_customer(house)
    hashes: list[str] = []
    real = passwords.PasswordHash.verify_and_update

    def counted(self: Any, password: str, hashed: str) -> Any:
        hashes.append(hashed.rpartition("$")[0].rpartition("$")[0])  # algorithm and cost, without salt
        return real(self, password, hashed)

    monkeypatch.setattr(passwords.PasswordHash, "verify_and_update", counted)
    async with browser(house) as somebody:
        answers: list[httpx.Response] = []
        works: set[tuple[str, ...]] = set()
        for name in (ANNA, "pat@household.example", "nobody@contractor.example"):
            done.clear()
            answers.append(await log_on(somebody, name, OTHER))
            works.add(tuple(done))
    assert len(works) == 1
    assert {each.status_code for each in answers} == {401}
    assert len({each.content for each in answers}) == 1
    assert len({tuple(sorted(each.headers.items())) for each in answers}) == 1
    assert hashes == ["$argon2id$v=19$m=8,t=1,p=1"] * 3


async def test_a_flood_of_wishes_mails_three_links(house: Running[Any]) -> None:
    async with browser(house) as attacker:
        for _ in range(8):
            assert (await ask(attacker)).status_code == 202
        await answered(house)
        links = [each["link"] for each in await mailed(house)]
        assert len(links) == 3
        assert (await use(attacker, links[-1])).status_code == 204


async def test_wishes_from_one_address_end(house: Running[Any], clock: Clock) -> None:
    async with browser(house) as attacker:
        for _ in range(house.settings.address_attempts):
            assert (await ask(attacker, "nobody@contractor.example")).status_code == 202
        refused = await ask(attacker, "nobody@contractor.example")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "900")
        clock.move(minutes=15)
        assert (await ask(attacker, "nobody@contractor.example")).status_code == 202


async def test_only_the_hash_of_a_link_is_kept(house: Running[Any]) -> None:
    async with browser(house) as anna:
        await ask(anna)
        await link(house)
        async with house.database.read() as read:
            kept = await read.scalar(select(password_reset.c.token_hash))
        assert kept is not None
        assert (await use(anna, f"#{kept.hex()}")).status_code == 410
        assert (await log_on(anna, ANNA, PASSWORD)).status_code == 200
