"""Rows written many at a time, on both databases."""

from pathlib import Path

import pytest
from harness import at_work
from payments.service import service
from shared.batches import insert_rows, insert_tables, update_rows
from shared.db import utcnow, uuid7
from shared.tables import audit, dead_letter
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return request.getfixturevalue("database_url")
    return f"sqlite+aiosqlite:///{tmp_path}/batches.db"


def letter(name: str) -> dict[str, object]:
    return {"id": uuid7(), "name": name, "body": "{}", "reason": "", "died_at": utcnow()}


async def test_rows_that_are_there_already_are_left_out(url: str) -> None:
    first, second = letter("first"), letter("second")
    async with at_work(service, url) as run, run.work() as work:
        written = await insert_rows(work.session, dead_letter, [first], ignore=["id"], returning=["id"])
        assert [row.id for row in written] == [first["id"]]
        again = [first | {"name": "other"}, second]
        written = await insert_rows(work.session, dead_letter, again, ignore=["id"], returning=["id", "name"])
        assert [tuple(row) for row in written] == [(second["id"], "second")]
        assert sorted(await work.session.scalars(select(dead_letter.c.name))) == ["first", "second"]


async def test_lists_nulls_and_times_come_back_as_they_were(url: str) -> None:
    rows = [
        {
            "at": utcnow(),
            "who": "a",
            "action": "x",
            "subject": "1",
            "before": [[1, "2"], []],
            "after": {"k": None},
        },
        {"at": utcnow(), "who": "b", "action": "x", "subject": "2", "before": [], "after": None},
    ]
    async with at_work(service, url) as run, run.work() as work:
        await insert_tables(work.session, {audit: rows, dead_letter: []})
        await insert_tables(work.session, {audit: [], dead_letter: [letter("x")]})
        await insert_tables(work.session, {})
        found = (await work.session.execute(select(audit).order_by(audit.c.seq))).mappings().all()
        assert [{name: row[name] for name in rows[0]} for row in found] == rows
        assert await work.session.scalar(select(func.count()).select_from(dead_letter)) == 1


async def test_a_text_that_is_too_long_is_refused_and_not_cut_off(database_url: str) -> None:
    async with at_work(service, database_url) as run:
        with pytest.raises(DBAPIError, match="value too long"):
            async with run.work() as work:
                await insert_rows(work.session, dead_letter, [letter("x" * 81)])


async def test_rows_are_updated_where_nothing_newer_stands(url: str) -> None:
    old, other, newer = letter("old"), letter("other"), letter("newer")
    changed = [
        {"id": each["id"], "name": "changed", "body": body} for each, body in ((old, "2"), (other, "3"))
    ]
    async with at_work(service, url) as run, run.work() as work:
        await insert_rows(work.session, dead_letter, [old, other, newer | {"body": "9"}])
        await update_rows(work.session, dead_letter, changed)
        late = {"id": newer["id"], "name": "changed", "body": "5"}
        await update_rows(work.session, dead_letter, [late], newer="body")
        await update_rows(work.session, dead_letter, [])
        found = await work.session.execute(select(dead_letter.c.name, dead_letter.c.body))
        assert {tuple(row) for row in found} == {("changed", "2"), ("changed", "3"), ("newer", "9")}
