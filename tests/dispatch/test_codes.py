"""Enter Status Codes, and the association screen's data, over REST."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from dispatches import content, known, received
from harness import client, feed, of, said
from shared.events.status_code import StatusCodeChanged
from shared.service import Running

AHS = "/v1/status-associations/ahs"


@pytest.fixture
async def office(run: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(run, "office.admin", subject="mia") as http:
        yield http


async def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def test_the_defaults_are_the_13_pairs_and_80_and_140_are_gaps(office: httpx.AsyncClient) -> None:
    (ahs,) = await ok(await office.get("/v1/status-associations"))
    assert ahs["pairs"] == {
        "Complete": "10",
        "Working": "20",
        "Scheduled": "30",
        "Cancelled": "40",
        "Pending": "50",
        "Call Again": "60",
        "Traveling": "70",
        "Arrived": "90",
        "Back Order": "100",
        "Replacing": "110",
        "Reschedule": "120",
        "Denial": "130",
        "Off Job": "150",
    }
    assert ahs["gaps"] == {"untold": [], "unused": ["80", "140"], "unknown": [], "timed": ["10", "30"]}
    assert [row["code"] for row in await ok(await office.get("/v1/status-codes")) if row["closes"]] == [
        "Complete",
        "Cancelled",
    ]


async def test_a_code_is_added_associated_set_and_retired(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    await feed(run, received())
    new = {"code": "Running Late", "description": "The technician is late", "position": 4}
    await ok(await office.post("/v1/status-codes", json=new), 201)
    assert (await office.post("/v1/status-codes", json=new)).status_code == 409

    read = await office.get(AHS)
    (current,) = read.json()
    assert current["gaps"]["untold"] == ["Running Late"]
    body = {"codes": current["codes"], "pairs": {**current["pairs"], "Running Late": "80"}, "note": "80 too"}
    tried = await ok(await office.post(f"{AHS}/dry-run", json=body))
    assert tried["gaps"]["unused"] == ["140"]
    assert tried["moves"] == [{"office": "Running Late", "old": None, "new": "80", "open_dispatches": 0}]
    assert (await office.get(AHS)).json() == [current]
    made = await ok(await office.put(AHS, json=body, headers={"If-Match": read.headers["ETag"]}))
    assert (made["version"], made["by"], made["note"]) == (2, "mia", "80 too")
    assert (await office.put(AHS, json=body, headers={"If-Match": '"1"'})).status_code == 412
    assert [version["version"] for version in (await office.get(AHS)).json()] == [2, 1]

    await ok(await office.put(f"/v1/dispatches/{known()}/status", json={"status": "Running Late"}))
    newest, *_ = (await ok(await office.get("/v1/deliveries")))["items"]
    assert (newest["partner_code"], newest["association"]) == ("80", 2)

    code = "/v1/status-codes/Running%20Late"
    retired = {"description": "no more", "retired": True}
    await ok(await office.put(code, json=retired, headers={"If-Match": '"1"'}))
    told = [(each.version, each.description, each.retired) for each in of(await said(run), StatusCodeChanged)]
    assert told == [(1, "The technician is late", False), (2, "no more", True)]
    again = await office.put(f"/v1/dispatches/{known()}/status", json={"status": "Running Late"})
    assert again.status_code == 200  # it has it: nothing to do
    await ok(await office.put(f"/v1/dispatches/{known()}/status", json={"status": "Working"}))
    refused = await office.put(f"/v1/dispatches/{known()}/status", json={"status": "Running Late"})
    assert refused.status_code == 422
    (newest, _) = (await office.get(AHS)).json()
    assert newest["gaps"]["unknown"] == ["Running Late"]


async def test_a_dry_run_counts_the_open_dispatches_that_would_move(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    await feed(run, received(), received(content("40000002")))
    (current,) = (await office.get(AHS)).json()
    pairs = {office_code: code for office_code, code in current["pairs"].items() if office_code != "Pending"}
    body = {"codes": current["codes"], "pairs": pairs}
    tried = await ok(await office.post(f"{AHS}/dry-run", json=body))
    assert tried["moves"] == [{"office": "Pending", "old": "50", "new": None, "open_dispatches": 2}]
    assert tried["gaps"]["untold"] == ["Pending"]


async def test_codes_the_system_sets_stay(office: httpx.AsyncClient) -> None:
    for code in ("Pending", "Cancelled", "Scheduled"):
        answer = await office.put(
            f"/v1/status-codes/{code}", json={"retired": True}, headers={"If-Match": '"1"'}
        )
        assert (answer.status_code, answer.json()["title"]) == (409, "This status code is set by the system")


async def test_a_code_that_comes_to_close_closes_what_has_it(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    await feed(run, received())
    one = f"/v1/dispatches/{known()}"
    await ok(await office.put(f"{one}/status", json={"status": "Denial"}))
    assert (await ok(await office.get(one)))["closed"] is False
    edit = {"description": "Not covered", "closes": True, "position": 10}
    await ok(await office.put("/v1/status-codes/Denial", json=edit, headers={"If-Match": '"1"'}))
    assert (await ok(await office.get(one)))["closed"] is True


@pytest.mark.parametrize(
    ("codes", "pairs", "status"),
    [
        ([{"code": "1", "name": "One"}], {"Pending": "2"}, 422),
        ([{"code": "1", "name": "One"}, {"code": "1", "name": "Uno"}], {}, 422),
        ([{"code": "1", "name": "One"}], {"Nonsense": "1"}, 422),
        ([{"code": "1", "name": "One", "extra": 1}], {}, 422),
        ([{"code": "1", "name": "One", "time": "change"}], {"Pending": "1"}, 200),
    ],
)
async def test_the_first_association_of_another_partner(
    run: Running[Any], office: httpx.AsyncClient, codes: list[Any], pairs: dict[str, str], status: int
) -> None:
    body = {"codes": codes, "pairs": pairs}
    answer = await office.put("/v1/status-associations/fahw", json=body, headers={"If-Match": '"0"'})
    assert answer.status_code == status, answer.text
    await feed(run, received(partner="fahw"))
    told = (await ok(await office.get("/v1/deliveries")))["items"]
    assert [row["partner_code"] for row in told] == (["1"] if status == 200 else [])


@pytest.mark.parametrize(
    "change",
    [
        {"url": "ftp://partner.example"},
        {"protocol": {"body": "{{ update.", "success": {"accepted": "ok"}}},
        {"protocol": {"success": {"accepted": "("}}},
        {"password": None},
        {"unknown": 1},
    ],
)
async def test_an_account_that_cannot_work_is_refused(
    office: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    body = {
        "url": "https://p.example",
        "company_id": "C",
        "user_id": "o",
        "password": "secret-word",
        **change,
    }
    answer = await office.put("/v1/partner-accounts/ahs", json=body, headers={"If-Match": '"0"'})
    assert answer.status_code == 422
    assert "secret-word" not in answer.text
