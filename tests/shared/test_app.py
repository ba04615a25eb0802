"""The web side of every service: commit before the answer, keys for repeats, problems, roles."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated, Any
from unittest.mock import patch

import httpx
import pytest
from fastapi import APIRouter, Depends
from harness import at_work, client
from payments.models import Base
from payments.service import service as payments
from pydantic import BaseModel, ConfigDict
from shared.app import create_app
from shared.auth import OFFICE, Principal, allow, development_token
from shared.bus import LocalBus
from shared.db import Database
from shared.problems import conflict
from shared.service import Handlers, Running, Service, no_tools
from shared.settings import Settings
from shared.tables import audit
from shared.transaction import open_read, open_work
from shared.work import Work
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

router = APIRouter()
Writing = Annotated[Work[Any], Depends(open_work)]


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str


@router.post("/v1/notes", status_code=201)
async def write(
    who: Annotated[Principal, Depends(allow(*OFFICE))], work: Writing, note: Note
) -> dict[str, str]:
    work.audit(who=who.subject, action="noted", subject=note.text)
    if note.text == "refused":
        await work.write_out()
        raise conflict("This note is refused")
    if note.text == "broken":
        await work.write_out()
        raise ValueError("a secret of the inside")
    return {"noted": note.text}


@router.get("/v1/notes")
async def count(read: Annotated[AsyncConnection, Depends(open_read)]) -> int:
    return (await read.execute(select(func.count()).select_from(audit))).scalar_one()


toy = Service("payments", Settings, Base.metadata, router, Handlers(), (), no_tools)


@pytest.fixture(params=["sqlite", "postgresql"])
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    url = f"sqlite+aiosqlite:///{tmp_path}/toy.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("database_url")
    async with at_work(toy, url, tables=payments) as found:
        yield found


async def written(http: httpx.AsyncClient) -> int:
    return (await http.get("/v1/notes")).json()


async def test_a_write_is_committed_when_the_answer_comes(running: Running[Any]) -> None:
    async with client(running, "office.admin") as http:
        answer = await http.post("/v1/notes", json={"text": "a"})
        assert (answer.status_code, answer.json()) == (201, {"noted": "a"})
        assert await written(http) == 1


@pytest.mark.parametrize(("text", "status"), [("refused", 409), ("broken", 500)])
async def test_an_error_answer_rolls_back_and_tells_nothing(
    running: Running[Any], text: str, status: int
) -> None:
    async with client(running, "office.admin") as http:
        answer = await http.post("/v1/notes", json={"text": text})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert "secret" not in answer.text
        assert await written(http) == 0


async def test_a_failed_commit_is_never_a_success(running: Running[Any]) -> None:
    failure = OperationalError("COMMIT", {}, Exception("server closed the connection"))
    with patch.object(AsyncSession, "execute", side_effect=failure):
        async with client(running, "office.admin") as http:
            answer = await http.post("/v1/notes", json={"text": "a"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


async def test_a_repeated_key_answers_again_and_does_nothing_twice(running: Running[Any]) -> None:
    async with client(running, "office.admin") as http:
        key = {"Idempotency-Key": "k1"}
        first = await http.post("/v1/notes", json={"text": "a"}, headers=key)
        again = await http.post("/v1/notes", json={"text": "a"}, headers=key)
        assert (again.status_code, again.json()) == (first.status_code, first.json())
        assert again.headers["idempotency-replayed"] == "true"
        assert await written(http) == 1

        other = await http.post("/v1/notes", json={"text": "b"}, headers=key)
        assert other.status_code == 422
        assert await written(http) == 1


async def test_a_key_used_at_once_by_many_does_it_once(running: Running[Any]) -> None:
    async with client(running, "office.admin") as http:
        posts = [
            http.post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": "k"}) for _ in range(10)
        ]
        assert {answer.status_code for answer in await asyncio.gather(*posts)} == {201}
        assert await written(http) == 1


async def test_a_refused_request_does_not_use_its_key_up(running: Running[Any]) -> None:
    async with client(running, "office.admin") as http:
        key = {"Idempotency-Key": "k2"}
        assert (await http.post("/v1/notes", json={"text": "refused"}, headers=key)).status_code == 409
        assert (await http.post("/v1/notes", json={"text": "fine"}, headers=key)).status_code == 201


async def test_who_may_not_is_told_so(running: Running[Any]) -> None:
    async with client(running) as anonymous, client(running, "technician") as technician:
        refused = await anonymous.post("/v1/notes", json={"text": "a"})
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert (await technician.post("/v1/notes", json={"text": "a"})).status_code == 403


@pytest.mark.parametrize(
    "token",
    ["", "x", "a.b.c", development_token(["office.admin"], seconds=-60), development_token([])[:-4] + "AAAA"],
)
async def test_a_token_that_is_not_ours_opens_nothing(running: Running[Any], token: str) -> None:
    async with client(running) as http:
        answer = await http.post(
            "/v1/notes", json={"text": "a"}, headers={"Authorization": f"Bearer {token}".strip()}
        )
        assert answer.status_code == 401


async def test_unknown_fields_are_refused_without_echo(running: Running[Any]) -> None:
    async with client(running, "office.admin") as http:
        answer = await http.post("/v1/notes", json={"text": "a", "password": "hunter2"})
        assert answer.status_code == 422
        assert "hunter2" not in answer.text
        assert answer.json()["errors"][0]["pointer"] == "/body/password"


async def test_the_document_shows_the_roles(running: Running[Any]) -> None:
    operation = create_app(running, loops=False).openapi()["paths"]["/v1/notes"]["post"]
    assert operation["x-roles"] == list(OFFICE)


async def test_an_api_client_needs_the_scope_of_the_route(running: Running[Any]) -> None:
    operations = create_app(running, loops=False).openapi()["paths"]["/v1/notes"]
    assert operations["post"]["x-scope"] == "notes:write"
    async with client(running) as http:
        for scopes, status in (
            (["notes:write"], 201),
            (["notes:read"], 403),
            ([], 403),
            (["dispatches:write"], 403),
        ):
            http.headers["Authorization"] = f"Bearer {development_token(OFFICE, scopes=scopes)}"
            assert (await http.post("/v1/notes", json={"text": "a"})).status_code == status


async def test_readiness_tells_a_lost_database(running: Running[Any]) -> None:
    async with client(running) as http:
        ready = await http.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["services"]["payments"]["outbox"] == 0
        with patch.object(running.database, "read", side_effect=ConnectionRefusedError):
            down = await http.get("/readyz")
        assert (down.status_code, down.json()["status"]) == (503, "down")


async def test_nothing_is_ready_before_its_migration(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/empty.db"
    running: Running[Any] = Running(toy, Settings(database_url=url), Database(url), LocalBus())
    async with running.start(loops=False), client(running) as http:
        answer = await http.get("/readyz")
        assert answer.status_code == 503
        assert "migrate" in answer.json()["services"]["payments"]["database"]
