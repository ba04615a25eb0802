"""Dispatches in, customers out."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

from customer.models import contact, customer, match, match_key
from customer.places import CROWD
from customer.service import service
from harness import at_work, client, envelope, feed, of, said
from households import HOUSE, content, created, person, updated
from shared.consumer import deliver
from shared.events.customer import (
    AgreementChanged,
    CustomerChanged,
    CustomerMatched,
    EquipmentChanged,
    LocationChanged,
)
from shared.events.dispatch import Address, Contract, Phone, WorkOrderLine, dispatch_id
from shared.service import Running
from sqlalchemy import func, select


async def matched(run: Running[Any], *events: Any) -> list[CustomerMatched]:
    await feed(run, *events)
    return of(await said(run), CustomerMatched)


async def count(run: Running[Any], table: Any, *where: Any) -> int:
    async with run.database.read() as read:
        return (await read.execute(select(func.count()).select_from(table).where(*where))).scalar_one()


async def test_a_new_household(run: Running[Any]) -> None:
    people = (
        person("PAT EXAMPLE & SAM EXAMPLE", "(651) 555-0137"),
        person("Sam Example", "6515550138", role="contact"),
        person("LEE TENANT", "6515550139", role="contact"),
    )
    await feed(run, created(people=people))
    events = await said(run)
    (owner,) = [event for event in of(events, CustomerChanged) if event.kind == "person"]
    (place,) = of(events, LocationChanged)
    (plan,) = of(events, AgreementChanged)
    (answer,) = of(events, CustomerMatched)
    assert (owner.name, owner.email, owner.version) == ("PAT EXAMPLE & SAM EXAMPLE", "pat@example.com", 1)
    assert owner.phones == (
        Phone(type="CELL", number="+16515550137"),
        Phone(type="CELL", number="+16515550138"),
    )
    assert (place.customer_id, place.address, place.zone) == (owner.customer_id, HOUSE, "America/Chicago")
    assert plan.location_id == place.location_id
    assert (plan.agreement.partner, plan.agreement.contract_id) == ("ahs", "100000001")
    assert str(plan.agreement.ends_on) == "2026-01-01"
    assert (answer.dispatch_id, answer.version, answer.match_version) == (
        dispatch_id("ahs", "40000001"),
        1,
        1,
    )
    assert (answer.customer_id, answer.location_id) == (owner.customer_id, place.location_id)
    assert (answer.state, answer.score, answer.zone) == ("new", 0, "America/Chicago")
    assert of(events, EquipmentChanged) == []
    async with run.database.read() as read:
        names = (await read.execute(select(contact.c.name, contact.c.location_id))).all()
    assert [tuple(row) for row in names] == [("LEE TENANT", place.location_id)]


async def test_the_same_new_household_twice_in_a_batch(run: Running[Any]) -> None:
    answers = await matched(run, created("1"), created("2"), created("2"))
    assert [answer.state for answer in answers] == ["new", "automatic"]
    assert answers[0].location_id == answers[1].location_id
    assert answers[1].reasons == ("same contract", "same phone", "same e-mail", "same address", "same name")
    assert await count(run, customer, customer.c.kind == "person") == 1


def house(number: int, dispatch: str) -> Any:
    """A dispatch of which only contract and address are known."""
    address = HOUSE.model_copy(update={"street": f"{number} OAK ST"})
    return created(
        dispatch, contract=Contract(id=str(number)), service_address=address, people=(), email=None
    )


async def test_replicas_that_meet_the_same_households_at_once(database_url: str) -> None:
    async with AsyncExitStack() as stack:
        replicas = [await stack.enter_async_context(at_work(service, database_url)) for _ in range(3)]
        for batch in range(4):
            numbers = [1000 + batch * 30 + each for each in range(30)]
            orders = [numbers, numbers[::-1], sorted(numbers, key=str)]
            batches = [
                [envelope(house(number, f"{number}{who}")) for number in order]
                for who, order in enumerate(orders)
            ]
            await asyncio.gather(*map(deliver, replicas, batches))
        run = replicas[0]
        assert await count(run, customer, customer.c.kind == "person") == 120
        async with run.database.read() as read:
            used = (await read.execute(select(func.count(match.c.location_id.distinct())))).scalar_one()
            states = (await read.execute(select(match.c.state, func.count()).group_by(match.c.state))).all()
        assert used == 120
        assert sorted(map(tuple, states)) == [("automatic", 240), ("new", 120)]


async def test_a_household_that_a_person_has_changed_since_is_not_made_again_under_its_id(
    run: Running[Any],
) -> None:
    (first,) = await matched(run, created("1"))
    async with run.work() as work:
        await work.session.execute(match_key.delete())
    (second,) = await matched(run, created("2"))
    assert (first.state, second.state) == ("new", "new")
    assert first.customer_id != second.customer_id
    assert await count(run, customer, customer.c.kind == "person") == 2


async def test_a_known_household_learns(run: Running[Any]) -> None:
    (first,) = await matched(run, created("1", email=None))
    brand = WorkOrderLine(line_id="1", description="Oven", attributes={"Brand": "GE", "Serial Number": "77"})
    people = (person("PAT EXAMPLE", "6515550140"), person("LEE NEIGHBOUR", "6515550141", role="contact"))
    renewed = Contract(id="100000001", plan_code="PLANY", expiration_date="2027-01-01")
    await feed(run, created("2", people=people, contract=renewed, lines=(brand, brand)))
    events = await said(run)
    (answer,) = of(events, CustomerMatched)
    assert (answer.state, answer.location_id) == ("automatic", first.location_id)
    (owner,) = of(events, CustomerChanged)
    assert (owner.version, owner.email) == (2, "pat@example.com")
    assert [phone.number for phone in owner.phones] == ["+16515550137", "+16515550140"]
    (plan,) = of(events, AgreementChanged)
    assert (plan.version, plan.agreement.plan_code) == (2, "PLANY")
    assert (str(plan.agreement.starts_on), str(plan.agreement.ends_on)) == ("2025-01-01", "2027-01-01")
    (oven,) = of(events, EquipmentChanged)
    assert (oven.equipment.brand, oven.equipment.serial, oven.location_id) == ("GE", "77", first.location_id)
    assert await count(run, contact) == 1
    # a neighbour's phone and name were learned, for the office to find; they are no evidence of whose it is
    (third,) = await matched(
        run, created("3", people=(person("LEE NEIGHBOUR", "6515550141"),), contract=Contract(), email=None)
    )
    assert third.state == "new"
    async with client(run, "office.dispatcher") as office:
        found = (await office.get("/v1/customers", params={"phone": "651-555-0141"})).json()["items"]
    assert {each["id"] for each in found} == {str(first.customer_id), str(third.customer_id)}
    await feed(run, created("4", people=people, contract=renewed, lines=(brand,)))
    assert [type(event) for event in await said(run)] == [CustomerMatched]


async def test_one_who_may_be_somebody_else_waits_for_a_person(run: Running[Any]) -> None:
    (first,) = await matched(run, created("1"))
    elsewhere = Address(street="99 OTHER RD", city="ANYTOWN", state="AZ", zip="85004")
    await feed(run, created("2", service_address=elsewhere, contract=Contract(id="2")))
    events = await said(run)
    assert [type(event) for event in events] == [CustomerMatched]
    answer = events[0]
    assert isinstance(answer, CustomerMatched)
    assert (answer.state, answer.score) == ("review", 80)
    assert (answer.customer_id, answer.location_id) == (first.customer_id, first.location_id)
    assert answer.zone == "America/Phoenix"
    assert await count(run, customer, customer.c.kind == "person") == 1


async def test_a_phone_of_a_crowd_leads_nowhere(run: Running[Any]) -> None:
    def at(number: int) -> Any:
        return created(
            f"5{number}",
            people=(person(f"PERSON{number} NUMBER{number}", "6515550100"),),
            contract=Contract(id=str(number)),
            service_address=HOUSE.model_copy(update={"street": f"{number} OAK ST"}),
            email=None,
        )

    answers = await matched(run, *(at(number) for number in range(100, 110)))
    assert {answer.state for answer in answers} == {"new"}
    assert await count(run, match_key, match_key.c.key == "p:+16515550100") == CROWD
    assert await count(run, match_key, match_key.c.key.like("c:%")) == 10


async def test_an_update_is_matched_again_only_when_people_or_places_changed(run: Running[Any]) -> None:
    (first,) = await matched(run, created())
    line = WorkOrderLine(line_id="2", description="Oven")
    assert await matched(run, updated(version=2, lines=(line,))) == []
    (again,) = await matched(run, updated(version=3, people=(person("PAT EXAMPLE", "6515550199"),)))
    assert (again.state, again.customer_id) == ("automatic", first.customer_id)
    assert (again.version, again.match_version) == (3, 3)
    assert await matched(run, updated(version=2, people=(person("LEE NG"),))) == []
    assert await count(run, match) == 1


async def test_an_update_that_overtakes_its_dispatch(run: Running[Any]) -> None:
    (answer,) = await matched(run, updated(version=2))
    assert (answer.state, answer.match_version) == ("new", 2)
    assert await matched(run, created(version=1)) == []


async def test_a_dispatch_that_says_nothing_of_people(run: Running[Any]) -> None:
    nothing: dict[str, Any] = {
        "people": (),
        "contract": Contract(),
        "service_address": Address(),
        "email": None,
    }
    answers = await matched(
        run, created("1", **nothing), created("2", **nothing), created("1", partner="hsa", **nothing)
    )
    assert [answer.state for answer in answers] == ["new"] * 3
    assert len({answer.customer_id for answer in answers}) == 3
    async with run.database.read() as read:
        names = (
            (await read.execute(select(customer.c.name).where(customer.c.kind == "person"))).scalars().all()
        )
    assert sorted(names) == ["Dispatch 1", "Dispatch 1", "Dispatch 2"]


async def test_what_a_partner_says_may_be_of_any_length(run: Running[Any]) -> None:
    long = "X1 & ÿ" * 3000
    said_ = content(
        long[:500],
        people=(person(long, long), person(long + "y", "6515550138", role="contact")),
        email=long + "@example.com",
        contract=Contract(id=long, plan_code=long, effective_date=long),
        service_address=Address(street="1 " + long, unit=long, city=long, state=long, zip=long),
        lines=(WorkOrderLine(description=long, attributes={"Brand": long, "Serial Number": long}),),
    )
    event = created("1").model_copy(update={"content": said_, "dispatch_id": UUID(int=7)})
    (answer,) = await matched(run, event)
    assert answer.state == "new"
