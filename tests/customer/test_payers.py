"""Who pays: chosen among the customers; who is not there is said, not made."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from harness import client, feed, of, said
from households import created
from shared.events.customer import CustomerChanged, CustomerMatched
from shared.service import Running


@pytest.fixture
async def office(run: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(run, "office.admin") as http:
        yield http


async def payer(office: httpx.AsyncClient, name: str, **more: Any) -> dict[str, Any]:
    answer = await office.post("/v1/customers", json={"name": name, "kind": "partner"}, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def matched(run: Running[Any], *events: Any) -> list[CustomerMatched]:
    await feed(run, *events)
    return of(await said(run), CustomerMatched)


async def test_the_partners_own_payer_is_made_once(run: Running[Any], office: httpx.AsyncClient) -> None:
    await feed(run, created("1"), created("2"), created("3", partner=None), created("4", partner="fahw"))
    events = await said(run)
    made = {event.name: event.customer_id for event in of(events, CustomerChanged) if event.kind == "partner"}
    assert set(made) == {"American Home Shield", "fahw"}
    paying = [answer.bill_to_id for answer in of(events, CustomerMatched)]
    assert paying == [made["American Home Shield"]] * 2 + [None, made["fahw"]]
    (again,) = await matched(run, created("5"))
    assert again.bill_to_id == made["American Home Shield"]
    assert again.unknown_payer is None


async def test_a_payer_is_named_by_id_or_by_name(run: Running[Any], office: httpx.AsyncClient) -> None:
    other = await payer(office, "Other Payer Inc")
    for bill_to in (other["id"], "Other Payer Inc", " other payer "):
        (answer,) = await matched(run, created(str(uuid4().int)[:9], bill_to=bill_to))
        assert (answer.bill_to_id, answer.unknown_payer) == (UUID(other["id"]), None)


@pytest.mark.parametrize("bill_to", ["Nobody Known", "0f8f2f6e-5b0e-4b63-9f0a-2c1d7a4d9e11"])
async def test_who_is_no_customer_is_said_and_not_made(
    run: Running[Any], office: httpx.AsyncClient, bill_to: str
) -> None:
    (own,) = await matched(run, created("1"))
    (answer,) = await matched(run, created("2", bill_to=bill_to))
    assert (answer.bill_to_id, answer.unknown_payer) == (own.bill_to_id, bill_to)
    partners = (await office.get("/v1/customers", params={"kind": "partner"})).json()["items"]
    assert [each["name"] for each in partners] == ["American Home Shield"]
    other = await payer(office, "Nobody Known")
    (later,) = await matched(run, created("3", bill_to="Nobody Known"))
    assert (later.bill_to_id, later.unknown_payer) == (UUID(other["id"]), None)


@pytest.mark.parametrize(
    "name",
    [
        "American Home Shield",
        "AMERICAN  HOME SHIELD, Inc.",
        "American Home Sheild",
        "The American Home Shield",
    ],
)
@pytest.mark.parametrize("kind", [None, "partner", "company"])
async def test_a_second_one_of_that_name_is_found(
    run: Running[Any], office: httpx.AsyncClient, name: str, kind: str | None
) -> None:
    (own,) = await matched(run, created("1"))
    body = {"name": name} | ({"kind": kind} if kind else {})
    refused = await office.post("/v1/customers", json=body)
    assert refused.status_code == 409
    assert refused.json()["existing"]["customer_id"] == str(own.bill_to_id)
    assert (await office.post("/v1/customers", json=body, params={"force": True})).status_code == 201


async def test_nobody_is_renamed_into_a_second_one(run: Running[Any], office: httpx.AsyncClient) -> None:
    await matched(run, created("1"))
    other = await payer(office, "Home Warranty Inc")
    path, headers = f"/v1/customers/{other['id']}", {"If-Match": '"1"'}
    refused = await office.patch(path, json={"name": "American Home Shield"}, headers=headers)
    assert refused.status_code == 409
    same = await office.patch(path, json={"name": "Home Warranty"}, headers=headers)
    assert same.status_code == 200


async def test_a_closed_payer_is_named_as_closed(run: Running[Any], office: httpx.AsyncClient) -> None:
    other = await payer(office, "Home Warranty Inc")
    await office.delete(f"/v1/customers/{other['id']}", headers={"If-Match": '"1"'})
    refused = await office.post("/v1/customers", json={"name": "Home Warranty"})
    assert (refused.status_code, "open it again" in refused.json()["detail"]) == (409, True)
