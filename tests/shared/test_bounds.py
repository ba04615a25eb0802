"""What is refused before a route sees it: too large, unreadable, what a database cannot store."""

from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Depends, Request
from harness import at_work, client
from hypothesis import given
from hypothesis import strategies as st
from payments.service import service as payments
from pydantic import BaseModel, ConfigDict
from shared.app import MAX_BODY
from shared.auth import allow, allow_anyone
from shared.etag import BasedOn
from shared.pages import decode_cursor, encode_cursor
from shared.problems import Problem
from shared.service import Handlers, Running, Service, no_tools
from shared.settings import Settings
from shared.tables import outbox
from shared.transaction import open_read
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

router = APIRouter(dependencies=[Depends(allow("office.admin"))])
JSON = {"Content-Type": "application/json"}


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = ""
    more: dict[str, Any] = {}


@router.post("/v1/notes")
async def write(note: Note) -> int:
    return len(note.text)


@router.post("/v1/files", max_body_size=2 * MAX_BODY)
async def take(note: Note) -> int:
    return len(note.text)


@router.patch("/v1/notes/{id}")
async def edit(id: int, based_on: BasedOn) -> int:
    return based_on


@router.get("/v1/notes/{id}")
async def read(id: str, q: Annotated[str, "sought"] = "") -> str:
    return id + q


@router.get("/v1/outbox")
async def sent(read: Annotated[AsyncConnection, Depends(open_read)], after: int = 0, q: str = "") -> int:
    """Leaves it to the database to refuse what its columns cannot hold."""
    found = select(outbox.c.seq).where(outbox.c.seq > after, outbox.c.name != q.replace("zero", "\0"))
    return len((await read.execute(found)).all())


async def of_this_service(request: Request) -> None:
    await allow("office.admin")(request)
    assert request.scope["callboard.running"].name == "payments"


of_this_service.roles = ("office.admin",)  # pyright: ignore[reportFunctionMemberAccess]


@router.post("/v1/own-notes", dependencies=[Depends(of_this_service)])
async def keep(note: Note) -> int:
    return len(note.text)


anybody = APIRouter(dependencies=[Depends(allow_anyone)])


@anybody.post("/v1/open-notes")
async def leave(note: Note) -> int:
    return len(note.text)


every = APIRouter()
every.routes.extend([*router.routes, *anybody.routes])
toy = Service("payments", Settings, payments.metadata, every, Handlers(), (), no_tools)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    async with at_work(toy, f"sqlite+aiosqlite:///{tmp_path}/toy.db", tables=payments) as found:
        yield found


@pytest.fixture
async def http(running: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(running, "office.admin") as found:
        yield found


def is_problem(answer: httpx.Response, status: int) -> bool:
    kind = answer.headers["content-type"]
    return (answer.status_code, kind, answer.json()["status"]) == (status, "application/problem+json", status)


async def chunks(size: int) -> AsyncIterator[bytes]:
    yield b'{"text": "'
    for _ in range(size // 1000):
        yield b"x" * 1000
    yield b'"}'


@pytest.mark.parametrize("in_pieces", [False, True], ids=["with its length", "in pieces"])
async def test_a_body_is_bounded_unless_the_route_takes_more(
    http: httpx.AsyncClient, in_pieces: bool
) -> None:
    async def send(path: str, size: int) -> httpx.Response:
        whole = b'{"text": "' + b"x" * (size // 1000 * 1000) + b'"}'
        return await http.post(path, content=chunks(size) if in_pieces else whole, headers=JSON)

    assert (await send("/v1/notes", MAX_BODY - 1000)).status_code == 200
    assert is_problem(await send("/v1/notes", MAX_BODY), 413)
    assert (await send("/v1/files", MAX_BODY)).status_code == 200
    assert is_problem(await send("/v1/files", 2 * MAX_BODY), 413)


async def test_a_refused_caller_learns_nothing_of_the_body(running: Running[Any]) -> None:
    for roles, status in (((), 401), (("customer",), 403)):
        async with client(running, *roles) as caller:
            for body in (b"{", b'{"text": 1}', b'{"text": "\\u0000"}', b"\xff", b"[" * 100_000):
                answer = await caller.post("/v1/notes", content=body, headers=JSON)
                assert is_problem(answer, status), body[:20]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b"1" * 5_000,
        b'{"text": "\\u0000"}',
        b'{"text": "\\\\\\u0000"}',
        b'{"text": "\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"more": {"\\ud800": 1}}',
        b'{"text": null}',
    ],
    ids=repr,
)
async def test_what_cannot_be_read_or_stored_is_refused(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post("/v1/notes", content=body, headers=JSON)
    assert is_problem(answer, answer.status_code)
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    "kind", ["application/JSON", "application/vnd.api+json", "Application/Json; charset=x", None]
)
@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "\\u0000"}',
        b'{"text": "\\ud800"}',
        b'{"text": "\xed\xa0\x80"}',
        b'{"more": {"deep": ' + b"[" * 500 + b"]" * 500 + b"}}",
        b'{"more": ' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}",
        '{"text": "a"}'.encode("utf-16"),
        '{"text": "a"}'.encode("utf-16-be"),
        '{"text": "a\\u0000"}'.encode("utf-16-le"),
        '{"text": "a"}'.encode("utf-32"),
    ],
    ids=lambda body: repr(body)[:40],
)
async def test_however_a_body_is_called_and_written(
    http: httpx.AsyncClient, kind: str | None, body: bytes
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await http.post("/v1/notes", content=body, headers=headers)
    assert is_problem(answer, 422)


async def test_a_key_is_no_longer_than_the_document_says(http: httpx.AsyncClient) -> None:
    for length, status in ((200, 200), (201, 422), (5_000, 422)):
        headers = {"Idempotency-Key": "k" * length}
        answer = await http.post("/v1/notes", json={"text": "a"}, headers=headers)
        assert answer.status_code == status


async def test_other_content_types_are_refused(http: httpx.AsyncClient) -> None:
    for kind in (
        "text/plain",
        "application/xml",
        "multipart/form-data",
        "nonsense",
        "application/json; charset=\xff",
    ):
        answer = await http.post(
            "/v1/notes", content=b"<a/>", headers={"Content-Type": kind.encode("latin-1")}
        )
        assert is_problem(answer, 422), kind


async def test_backslashes_are_letters(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/notes", content=rb'{"text": "\\u0000"}', headers=JSON)
    assert (answer.status_code, answer.json()) == (200, 6)


async def test_zero_characters_in_an_address_are_refused(http: httpx.AsyncClient) -> None:
    assert is_problem(await http.get("/v1/notes/a%00b"), 422)
    assert is_problem(await http.get("/v1/notes/a?q=%00"), 422)
    assert (await http.get("/v1/notes/a?q=b")).json() == "ab"


async def test_what_is_no_etag_does_not_fit_and_an_unknown_one_is_old(http: httpx.AsyncClient) -> None:
    for sent, status in (
        (None, 428),
        ("", 422),
        ("5", 422),
        ('"x"', 412),
        ('"99999999999"', 412),
        ("*", 422),
    ):
        headers = {} if sent is None else {"If-Match": sent}
        assert is_problem(await http.patch("/v1/notes/1", headers=headers), status), sent
    assert (await http.patch("/v1/notes/1", headers={"If-Match": 'W/"5"'})).json() == 5


async def test_a_method_that_is_not_there_names_all_that_are(http: httpx.AsyncClient) -> None:
    answer = await http.put("/v1/notes/1")
    assert is_problem(answer, 405)
    assert answer.headers["allow"] == "GET, PATCH"


async def test_nobody_is_sent_elsewhere(http: httpx.AsyncClient) -> None:
    assert is_problem(await http.post("/v1/notes/", headers={"Host": "evil.example"}), 404)


async def test_a_body_that_does_not_fit_is_refused_where_anybody_may_come(running: Running[Any]) -> None:
    async with client(running) as nobody:
        for body in (b"{", b'{"text": 1}', b"\xff", b"[" * 100_000):
            answer = await nobody.post("/v1/open-notes", content=body, headers=JSON)
            assert is_problem(answer, answer.status_code)
            assert answer.status_code in (400, 422), body[:20]


async def test_who_asks_is_known_also_where_the_body_cannot_be_read(http: httpx.AsyncClient) -> None:
    for body in (b"\xff", b"{"):
        answer = await http.post("/v1/own-notes", content=body, headers=JSON)
        assert is_problem(answer, answer.status_code)
        assert answer.status_code in (400, 422)


async def test_a_number_that_no_column_holds_is_refused(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/outbox", params={"after": 2**63 - 1})).json() == 0
    assert is_problem(await http.get("/v1/outbox", params={"after": 2**63}), 422)


async def test_what_postgresql_cannot_hold_is_refused(database_url: str) -> None:
    async with (
        at_work(toy, database_url, tables=payments) as running,
        client(running, "office.admin") as http,
    ):
        assert (await http.get("/v1/outbox", params={"after": 2**63 - 1})).json() == 0
        assert is_problem(await http.get("/v1/outbox", params={"after": 2**63}), 422)
        assert is_problem(await http.get("/v1/outbox", params={"q": "zero"}), 422)


@pytest.mark.parametrize(
    "keys",
    [
        '["2026-03-02T08:00:00"]',
        '["\\u0000"]',
        '["\\ud800"]',
        "[1e999]",
        "[null]",
        "[true]",
        "[9223372036854775808]",
        '["5"]',
        '["0001-01-01T00:00:00+14:00"]',
        '["not an id"]',
        "[[]]",
        "{}",
        "[",
        "[1, 2]",
    ],
)
@pytest.mark.parametrize("kind", [UUID, datetime, date, int])
def test_odd_cursors_are_refused(keys: str, kind: type) -> None:
    cursor = b64encode(keys.encode()).decode()
    with pytest.raises(Problem) as refused:
        decode_cursor(cursor, kind)
    assert refused.value.status == 422


@given(
    kinds=st.lists(st.sampled_from([UUID, datetime, date, int, str]), min_size=1, max_size=4),
    keys=st.lists(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.uuids().map(str)
        | st.datetimes().map(str)
        | st.dates().map(str)
        | st.lists(st.integers()),
        max_size=4,
    ),
)
def test_whatever_is_in_a_cursor_has_the_kinds_that_were_asked_for(
    kinds: list[type], keys: list[object]
) -> None:
    with suppress(Problem):
        found = decode_cursor(encode_cursor(*keys), *kinds)
        assert [type(key) for key in found] == kinds
