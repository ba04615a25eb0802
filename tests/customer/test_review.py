"""A person says whose dispatch it is; what the wrong household had learned is taken back."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from customer.models import customer, match_key
from harness import client, feed, of, said
from households import created, person, updated
from shared.events.customer import (
    AgreementChanged,
    CustomerChanged,
    CustomerMatched,
    EquipmentChanged,
    LocationChanged,
)
from shared.events.dispatch import Address, Contract, WorkOrderLine, dispatch_id
from shared.service import Running
from sqlalchemy import func, select

ELSEWHERE = Address(street="99 OTHER RD", city="ANYTOWN", state="AZ", zip="85004")
OVEN = WorkOrderLine(line_id="1", description="Oven", attributes={"Brand": "GE", "Serial Number": "77"})


@pytest.fixture
async def office(run: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(run, "office.dispatcher", subject="anna") as signed_in:
        yield signed_in


async def answers(run: Running[Any]) -> list[CustomerMatched]:
    return of(await said(run), CustomerMatched)


async def decide(office: httpx.AsyncClient, number: str, version: int = 1, **choice: Any) -> int:
    path = f"/v1/matches/{dispatch_id('ahs', number)}/decision"
    return (await office.post(path, json=choice, headers={"If-Match": f'"{version}"'})).status_code


async def doubtful(run: Running[Any]) -> CustomerMatched:
    """Dispatch 2 is of PAT EXAMPLE too, but at another address and under another contract."""
    await feed(run, created("1"))
    await feed(run, created("2", service_address=ELSEWHERE, contract=Contract(id="2"), lines=(OVEN,)))
    return (await answers(run))[1]


async def test_the_queue_shows_what_is_to_be_decided(run: Running[Any], office: httpx.AsyncClient) -> None:
    answer = await doubtful(run)
    queue = (await office.get("/v1/matches")).json()["items"]
    assert [(item["dispatch_id"], item["state"], item["score"]) for item in queue] == [
        (str(answer.dispatch_id), "review", 80)
    ]
    detail = (await office.get(f"/v1/matches/{answer.dispatch_id}")).json()
    assert detail["said"]["address"]["street"] == "99 OTHER RD"
    assert [person["name"] for person in detail["said"]["people"]] == ["PAT EXAMPLE"]
    (candidate,) = detail["candidates"]
    assert (candidate["name"], candidate["location_id"]) == ("PAT EXAMPLE", str(answer.location_id))
    assert candidate["reasons"] == ["same phone", "same e-mail", "other address", "same name"]
    mine = await office.get("/v1/matches", params={"customer_id": str(answer.customer_id)})
    assert len(mine.json()["items"]) == 2


async def test_the_candidate_is_confirmed(run: Running[Any], office: httpx.AsyncClient) -> None:
    before = await doubtful(run)
    assert await decide(office, "2", location_id=str(before.location_id)) == 204
    events = await said(run)
    (answer,) = of(events, CustomerMatched)
    assert (answer.state, answer.match_version, answer.version) == ("confirmed", 2, 1)
    assert (answer.customer_id, answer.location_id) == (before.customer_id, before.location_id)
    assert answer.bill_to_id == before.bill_to_id
    assert answer.zone == "America/Chicago"
    assert {type(event) for event in events} == {CustomerMatched, AgreementChanged, EquipmentChanged}
    assert (await office.get("/v1/matches")).json()["items"] == []
    # what was confirmed is known from now on
    await feed(run, created("3", service_address=ELSEWHERE, contract=Contract(id="2"), people=(), email=None))
    (later,) = await answers(run)
    assert (later.state, later.location_id) == ("automatic", before.location_id)


async def test_a_confirmed_dispatch_is_not_matched_again(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    before = await doubtful(run)
    await decide(office, "2", location_id=str(before.location_id))
    await said(run)
    await feed(run, updated("2", version=2, people=(person("LEE NG"),)))
    assert await answers(run) == []
    detail = (await office.get(f"/v1/matches/{before.dispatch_id}")).json()
    assert (detail["state"], detail["dispatch_version"], detail["decided_by"]) == ("confirmed", 2, "anna")
    assert detail["said"]["people"][0]["name"] == "LEE NG"


async def test_the_same_customer_at_a_new_location(run: Running[Any], office: httpx.AsyncClient) -> None:
    before = await doubtful(run)
    assert await decide(office, "2", customer_id=str(before.customer_id)) == 204
    events = await said(run)
    (answer,) = of(events, CustomerMatched)
    (place,) = of(events, LocationChanged)
    assert (answer.customer_id, answer.location_id) == (before.customer_id, place.location_id)
    assert (place.customer_id, place.address, place.zone) == (
        before.customer_id,
        ELSEWHERE,
        "America/Phoenix",
    )
    assert answer.location_id != before.location_id
    assert answer.zone == "America/Phoenix"
    async with run.database.read() as read:
        count = select(func.count()).select_from(customer).where(customer.c.kind == "person")
        assert (await read.execute(count)).scalar_one() == 1


async def test_a_new_customer_after_all(run: Running[Any], office: httpx.AsyncClient) -> None:
    before = await doubtful(run)
    assert await decide(office, "2", new_customer=True) == 204
    events = await said(run)
    (answer,) = of(events, CustomerMatched)
    (owner,) = of(events, CustomerChanged)
    assert (answer.state, answer.customer_id) == ("confirmed", owner.customer_id)
    assert owner.customer_id != before.customer_id
    # from now on both fit by phone and name: the contract and the address decide
    await feed(run, created("3", service_address=ELSEWHERE, contract=Contract(id="2")), created("4"))
    later = await answers(run)
    assert [(each.state, each.customer_id) for each in later] == [
        ("automatic", owner.customer_id),
        ("automatic", before.customer_id),
    ]


async def test_a_dispatch_given_to_the_wrong_household_is_taken_back(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    await feed(run, created("1"))
    (first,) = await answers(run)
    wrong: dict[str, Any] = {
        "contract": Contract(id="9"),
        "people": (person("PAT EXAMPLE", "6515550137"), person("LEE NG", "6515550139", role="contact")),
        "email": "pat@example.com",
    }
    await feed(run, created("2", lines=(OVEN,), **wrong))
    (second,) = await answers(run)
    assert (second.state, second.location_id) == ("automatic", first.location_id)
    assert await decide(office, "2", new_customer=True) == 204
    events = await said(run)
    (answer,) = of(events, CustomerMatched)
    assert answer.customer_id != first.customer_id
    ended = [event for event in of(events, AgreementChanged) if event.ended]
    assert [(event.location_id, event.agreement.contract_id) for event in ended] == [(first.location_id, "9")]
    removed = [event for event in of(events, EquipmentChanged) if event.removed]
    assert [event.location_id for event in removed] == [first.location_id]
    async with run.database.read() as read:
        mine = select(match_key.c.key).where(match_key.c.location_id == first.location_id)
        keys = set((await read.execute(mine)).scalars())
    assert keys == {"c:AHS|100000001", "a:75001|12|N SAMPLE ST|3", "p:+16515550137", "e:pat@example.com"}


async def test_a_customer_that_was_made_for_nothing_is_closed(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    await feed(
        run,
        created("1"),
        created("2", service_address=ELSEWHERE, contract=Contract(id="2"), people=(), email=None),
    )
    first, second = await answers(run)
    assert (first.state, second.state) == ("new", "new")
    assert await decide(office, "2", location_id=str(first.location_id)) == 204
    events = await said(run)
    assert [event.customer_id for event in of(events, CustomerChanged) if event.closed] == [
        second.customer_id
    ]
    assert [event.location_id for event in of(events, LocationChanged) if event.closed] == [
        second.location_id
    ]


async def test_decisions_that_cannot_be(run: Running[Any], office: httpx.AsyncClient) -> None:
    before = await doubtful(run)
    here, owner = str(before.location_id), str(before.customer_id)
    assert await decide(office, "2") == 422
    assert await decide(office, "2", location_id=here, customer_id=owner) == 422
    assert await decide(office, "2", location_id=owner) == 422
    assert await decide(office, "2", customer_id=here) == 422
    assert await decide(office, "2", customer_id=str(before.bill_to_id)) == 409
    assert await decide(office, "2", version=7, location_id=here) == 412
    assert await decide(office, "none", location_id=here) == 404
    closed = await office.delete(f"/v1/customers/{owner}", headers={"If-Match": '"1"'})
    assert closed.status_code == 204
    assert await decide(office, "2", location_id=here) == 409
    assert await decide(office, "2", customer_id=owner) == 409
    assert await said(run) != []
    assert await decide(office, "2", new_customer=True) == 204
