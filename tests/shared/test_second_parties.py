"""What was right once, for one person: a token after its end, another's key, a name's second address."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from itertools import permutations
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends
from harness import at_work, client
from payments.models import Base
from payments.service import service as payments
from shared.auth import LEEWAY, OFFICE, Principal, Verifier, allow, development_token
from shared.hosts import HostRefused, addresses
from shared.problems import Problem
from shared.service import Handlers, Running, Service, no_tools
from shared.settings import Settings
from shared.transaction import open_work
from shared.work import Work

router = APIRouter()


@router.post("/v1/notes", status_code=201)
async def write(
    who: Annotated[Principal, Depends(allow(*OFFICE))], work: Annotated[Work[Any], Depends(open_work)]
) -> dict[str, str]:
    work.audit(who=who.subject, action="noted", subject="x")
    return {"by": who.subject}


toy = Service("payments", Settings, Base.metadata, router, Handlers(), (), no_tools)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    async with at_work(toy, f"sqlite+aiosqlite:///{tmp_path}/x.db", tables=payments) as found:
        yield found


async def test_a_token_that_was_used_ends_at_its_time() -> None:
    verifier = Verifier()
    token = development_token(["technician"], seconds=2 - LEEWAY)
    for _ in range(3):
        assert (await verifier.principal(token)).roles == frozenset({"technician"})
    await asyncio.sleep(2.1)
    with pytest.raises(Problem) as refused:
        await verifier.principal(token)
    assert refused.value.status == 401


async def test_the_same_key_of_another_person_is_another_key(running: Running[Any]) -> None:
    key = {"Idempotency-Key": "k"}
    async with client(running, "office.admin", subject="ann") as ann:
        first = await ann.post("/v1/notes", headers=key)
        assert (await ann.post("/v1/notes", headers=key)).headers["idempotency-replayed"] == "true"
    async with client(running, "office.admin", subject="bob") as bob:
        second = await bob.post("/v1/notes", headers=key)
    assert (first.json(), second.json()) == ({"by": "ann"}, {"by": "bob"})
    assert "idempotency-replayed" not in second.headers


@pytest.mark.parametrize(
    "found", list(permutations(["93.184.216.34", "10.0.0.7", "2606:2800:220:1::1"])), ids="-".join
)
async def test_one_private_address_among_public_ones_refuses_the_name(
    monkeypatch: pytest.MonkeyPatch, found: tuple[str, ...]
) -> None:
    def answer(_host: Any, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(HostRefused, match="private"):
        await addresses("mixed.example", 443, allow_private=False)
    assert set(await addresses("mixed.example", 443, allow_private=True)) == set(found)
