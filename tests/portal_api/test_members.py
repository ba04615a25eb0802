"""A household invites somebody who has an account elsewhere: it does not learn so."""

from typing import Any

import httpx
import pytest
from harness import client, of, said
from people import Clock, mailed
from portal import household, ok
from shared.events.portal import AccountClosed, AccountInvited
from shared.service import Running


async def test_a_household_does_not_learn_who_has_an_account_elsewhere(run: Running[Any]) -> None:
    pat, neighbour = await household(run), await household(run)
    addresses = ("neighbour@example.com", "nobody.at@example.com")  # as long as each other
    async with neighbour.door(run) as http:
        await ok(await http.post("/v1/me/accounts", json={"email": addresses[0], "name": "Kim"}), 201)
    seen: list[list[Any]] = []
    async with pat.door(run) as http:
        for email in addresses:
            new = {"email": email, "name": "Kim", "administrator": True}
            made = await http.post("/v1/me/accounts", json=new)
            path = made.headers["location"]
            again = await http.post("/v1/me/accounts", json=new)
            listed = await http.get("/v1/me/accounts")
            match = {"If-Match": made.headers["etag"]}
            edited = await http.patch(path, json={"administrator": False}, headers=match)
            gone = await http.delete(path, headers={"If-Match": edited.headers["etag"]})
            answers = [made, again, listed, edited, gone]
            id = path.rpartition("/")[2]
            seen.append([_without(each, id, email) for each in answers])
            assert [each.status_code for each in answers] == [201, 409, 200, 200, 204]
    assert seen[0] == seen[1]


def _without(answer: httpx.Response, id: str, email: str) -> tuple[Any, ...]:
    headers = {name: value.replace(id, "") for name, value in answer.headers.items()}
    return answer.status_code, headers, answer.text.replace(id, "").replace(email, "")


async def test_who_has_an_account_elsewhere_keeps_it_and_is_told_once(run: Running[Any]) -> None:
    pat, neighbour = await household(run), await household(run)
    new = {"email": "kim@example.com", "name": "Kim"}
    async with neighbour.door(run) as http:
        await ok(await http.post("/v1/me/accounts", json=new), 201)
    await said(run)
    async with pat.door(run) as http, client(run, "office.admin") as office:
        for _ in range(2):
            path = (await http.post("/v1/me/accounts", json=new)).headers["location"]
            await ok(await http.delete(path, headers={"If-Match": '"1"'}), 204)
        id = (await ok(await http.post("/v1/me/accounts", json=new), 201))["id"]
        assert (await office.post(f"/v1/accounts/{id}/password")).status_code == 409
        params = {"user_name": new["email"]}
        found = (await ok(await office.get("/v1/accounts", params=params)))["items"]
        assert [each["state"] for each in found] == ["invited", "elsewhere"]
    events = await said(run)
    assert not of(events, AccountInvited) + of(events, AccountClosed)
    mails = [mail for mail in await mailed(run) if mail["user_name"] == new["email"]]
    assert ["password" in mail for mail in mails] == [True, False]


async def test_a_household_does_not_mail_everybody(run: Running[Any], clock: Clock) -> None:
    """Ten a day, repeats too; the next household has its own."""
    pat, neighbour = await household(run), await household(run)

    async def invite(http: httpx.AsyncClient, number: int) -> httpx.Response:
        made = await http.post("/v1/me/accounts", json={"email": f"kim{number}@example.com", "name": "Kim"})
        if made.status_code == 201 and number % 2:
            match = {"If-Match": made.headers["etag"]}
            await ok(await http.delete(made.headers["location"], headers=match), 204)
        return made

    async with pat.door(run) as http, neighbour.door(run) as beside:
        done = [await invite(http, number // 2 * 2 + 1) for number in range(12)]
        assert [each.status_code for each in done] == [201] * 10 + [429] * 2
        assert int(done[-1].headers["retry-after"]) > 86_000
        assert (await invite(beside, 2)).status_code == 201
        clock.move(days=1, seconds=1)
        assert (await invite(http, 3)).status_code == 201


@pytest.mark.parametrize(
    "name",
    [
        "Click https://evil.example/win now",
        "www.evil.example",
        "Win at evil.com today",
        "EVIL.COM",
        "evil.example/win",
        "pat@evil.example",
        "<a>",
        "x" * 81,
    ],
)
async def test_an_invitation_holds_a_name_and_no_advertisement(run: Running[Any], name: str) -> None:
    pat = await household(run)
    async with pat.door(run) as http:
        new = {"email": "kim@example.com", "name": name}
        assert (await http.post("/v1/me/accounts", json=new)).status_code == 422
        for good in ("Mary Jo St. Louis", "St.Louis Smith", "J. R. O\u2019Neil-Smith, Jr."):
            made = await http.post(
                "/v1/me/accounts", json={"email": f"{len(good)}@example.com", "name": good}
            )
            assert made.status_code == 201
