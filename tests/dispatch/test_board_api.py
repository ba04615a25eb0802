"""The board over REST: filters, search and pages, alike on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dispatch.schemas.dispatches import DispatchLine, DispatchOut
from dispatches import content, known, received
from harness import client, feed
from shared.events.dispatch import Address, Person, Phone
from shared.pages import Page
from shared.service import Running

START = datetime(2026, 1, 1, tzinfo=UTC)


def someone(name: str, place: int) -> Person:
    return Person(role="customer", name=name, phones=(Phone(number=f"555010{place:04}"),))


async def fill(run: Running[Any]) -> None:
    """20 dispatches, an hour apart, but the last five at one moment."""
    names = ["Ana García", "Bo O'Neil", "Émile Zola & Co", "d'Arc", "日本 太郎"]
    mails = [
        received(
            content(
                str(50000000 + place),
                trade="PLM" if place % 2 else "APL",
                people=(
                    Person(
                        role="customer", name=names[place % 5], phones=(Phone(number=f"555010{place:04}"),)
                    ),
                ),
                service_address=Address(street=f"{place} ELM ST", city="WACO", state="TX", zip="76701"),
            ),
            received_at=START + timedelta(hours=min(place, 15)),
        )
        for place in range(20)
    ]
    await feed(run, *mails)


async def numbers(run: Running[Any], **params: Any) -> list[int]:
    async with client(run, "office.dispatcher") as office:
        answer = await office.get("/v1/dispatches", params=params)
        assert answer.status_code == 200, answer.text
        return [int(row["number"]) - 50000000 for row in answer.json()["items"]]


async def test_pages_hold_every_row_once_newest_first(run: Running[Any]) -> None:
    await fill(run)
    seen: list[str] = []
    async with client(run, "office.dispatcher") as office:
        cursor: str | None = None
        while True:
            params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
            page = Page[DispatchLine].model_validate_json(
                (await office.get("/v1/dispatches", params=params)).content, strict=True
            )
            seen += [row.number for row in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert (await office.get("/v1/dispatches", params={"cursor": "bogus"})).status_code == 422
        for bogus in ("WyJ4IiwgMV0", "WzEsICJ4Il0"):  # ["x", 1] and [1, "x"]
            assert (await office.get("/v1/dispatches", params={"cursor": bogus})).status_code == 422
    assert len(seen) == len(set(seen)) == 20
    assert seen[5:] == [str(50000000 + place) for place in range(14, -1, -1)]


async def test_filters_narrow_and_combine(run: Running[Any]) -> None:
    await fill(run)
    async with client(run, "office.admin") as office:
        for place in (3, 4):
            path = f"/v1/dispatches/{known(str(50000000 + place))}/status"
            assert (await office.put(path, json={"status": "Complete"})).status_code == 200
    await feed(run, received(content("50000007", trade="ELE")))
    assert await numbers(run, status="Complete") == [4, 3]
    assert await numbers(run, status="Complete", trade="PLM") == [3]
    assert await numbers(run, closed=True, q="ana") == []
    assert await numbers(run, trade="ELE") == [7]
    assert await numbers(run, flag=["updated_by_partner", "needs_attention"]) == [7]
    assert await numbers(run, partner="other") == []
    times = {"received_from": "2026-01-01T01:00:00Z", "received_to": "2026-01-01T03:00:00Z"}
    assert await numbers(run, **times) == [2, 1]
    async with client(run, "office.admin") as office:
        for params in ({"received_from": "2026-01-01T01:00:00"}, {"flag": "nonsense"}, {"limit": 0}):
            assert (await office.get("/v1/dispatches", params=params)).status_code == 422


async def test_search_finds_by_beginnings_of_words(run: Running[Any]) -> None:
    await fill(run)
    assert await numbers(run, q="50000012") == [12]
    assert await numbers(run, q="(555) 010-0006") == [6]
    assert await numbers(run, q="5550100006") == [6]
    assert await numbers(run, q="0100006") == [6]
    assert await numbers(run, q="o'neil 11 elm") == [11]
    assert await numbers(run, q="GARCÍA", limit=1) == [15]
    assert len(await numbers(run, q="waco")) == 20
    assert sorted(await numbers(run, q="émi zol")) == [2, 7, 12, 17]
    assert sorted(await numbers(run, q="日本")) == [4, 9, 14, 19]
    for nothing in ("nobody", "''", "& | ! ( ) :* \\ \" ' *", "lm", "a:b", "NEAR(", "-"):
        assert await numbers(run, q=nothing) == [], nothing


async def test_search_follows_a_change(run: Running[Any]) -> None:
    await feed(run, received(content("50000001")))
    moved = Address(street="7 OAK AVE", city="ELSEWHERE", zip="1")
    await feed(run, received(content("50000001", service_address=moved)))
    assert await numbers(run, q="elsewhere") == [1]
    assert await numbers(run, q="sample") == []


async def test_the_bytes_are_what_the_document_says(run: Running[Any]) -> None:
    mail = received()
    await feed(run, mail)
    async with client(run, "technician") as technician:
        answer = await technician.get(f"/v1/dispatches/{known()}")
    one = DispatchOut.model_validate_json(answer.content, strict=True)
    assert one.content == mail.content
    assert (one.id, one.received_at) == (known(), mail.received_at)
    assert answer.headers["ETag"] == '"1"'
    assert set(answer.json()) == set(DispatchOut.model_fields)
