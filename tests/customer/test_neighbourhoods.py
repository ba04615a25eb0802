"""How often matching is wrong, and how often it asks in vain, on neighbourhoods that were made to mislead it.

`python tests/customer/test_neighbourhoods.py` prints the table of docs/matching.md: 10,000 dispatches.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from customer.service import service
from harness import at_work, client, feed, of, said
from neighbourhoods import Neighbourhood, Sent
from shared.events.customer import CustomerMatched
from shared.service import Running

BATCH = 25


class Rates(NamedTuple):
    """Counts by kind of household. `wrong`: given unasked to another household. `needless`: a person was
    asked and could only agree, or say that it is new. `missed`: a known household was made once more."""

    dispatches: Counter[str]
    automatic: Counter[str]
    wrong: Counter[str]
    reviews: Counter[str]
    needless: Counter[str]
    missed: Counter[str]


async def measured(run: Running[Any], sent: list[Sent], kinds: list[str]) -> Rates:
    """Whoever is asked decides rightly."""
    rates = Rates(*(Counter[str]() for _ in Rates._fields))
    owners: dict[UUID, int] = {}
    places: dict[int, UUID] = {}
    async with client(run, "office.dispatcher") as office:
        for start in range(0, len(sent), BATCH):
            batch = {each.event.dispatch_id: each for each in sent[start : start + BATCH]}
            await feed(run, *(each.event for each in batch.values()))
            for match in of(await said(run), CustomerMatched):
                household = batch[match.dispatch_id].household
                kind = kinds[household]
                rates.dispatches[kind] += 1
                _count(rates, kind, match, household, owners, places)
                if match.state == "review":
                    place = places.get(household)
                    decision = {"location_id": str(place)} if place else {"new_customer": True}
                    path = f"/v1/matches/{match.dispatch_id}"
                    headers = {"If-Match": f'"{match.match_version}"'}
                    answer = await office.post(f"{path}/decision", json=decision, headers=headers)
                    assert answer.status_code == 204, answer.text
                    place = UUID((await office.get(path)).json()["location_id"])
                    owners.setdefault(place, household)
                    places.setdefault(household, place)
            await said(run)
    return rates


def _count(
    rates: Rates,
    kind: str,
    match: CustomerMatched,
    household: int,
    owners: dict[UUID, int],
    places: dict[int, UUID],
) -> None:
    assert match.location_id is not None
    if match.state == "new":
        rates.missed[kind] += household in places
        owners[match.location_id] = household
        places.setdefault(household, match.location_id)
    elif match.state == "automatic":
        rates.automatic[kind] += 1
        rates.wrong[kind] += owners[match.location_id] != household
    else:
        rates.reviews[kind] += 1
        rates.needless[kind] += household not in places or owners.get(match.location_id) == household


async def rates_of(seed: int, count: int, folder: Path) -> Rates:
    around = Neighbourhood(seed, households=count // 3)
    async with at_work(service, f"sqlite+aiosqlite:///{folder}/customer.db") as run:
        kinds = [home.kind for home in around.homes]
        return await measured(run, list(around.dispatches(count)), kinds)


@pytest.mark.parametrize("seed", [1, 2])
async def test_nobody_gets_the_dispatch_of_a_neighbour(seed: int, tmp_path: Path) -> None:
    rates = await rates_of(seed, 1000, tmp_path)
    assert rates.wrong.total() == 0, rates.wrong
    assert rates.needless.total() <= 0.03 * rates.dispatches.total(), rates.needless
    assert rates.automatic.total() >= 0.4 * rates.dispatches.total()


def _table(rates: Rates) -> str:
    lines = ["| households | " + " | ".join(Rates._fields) + " |", "| --- |" + " ---: |" * len(Rates._fields)]
    for kind in sorted(rates.dispatches):
        lines.append(f"| {kind} | " + " | ".join(f"{counter[kind]:,}" for counter in rates) + " |")
    lines.append("| **all** | " + " | ".join(f"**{counter.total():,}**" for counter in rates) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as there:
        seed, count = ([int(each) for each in sys.argv[1:]] + [1, 10_000][len(sys.argv) - 1 :])[:2]
        print(_table(asyncio.run(rates_of(seed, count, Path(there)))))
