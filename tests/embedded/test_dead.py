"""`callboard dead`: what an embedded Callboard could not handle or not send is seen and brought back."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import UUID

from embedded.data import open_data
from embedded.house import migrate_all, open_services
from embedded_tests import callboard
from shared.db import Database, utcnow
from shared.tables import dead_letter, inbox, outbox, parked
from sqlalchemy import insert, select


async def begin(root: Path) -> None:
    data = open_data(root)
    data.prepare()
    services = open_services(data)
    await migrate_all(services, data)
    for running in services.values():
        await running.database.close()


async def rows(root: Path, service: str, table: Any) -> list[Any]:
    database = Database(open_data(root).database_url(service))
    async with database.read() as read:
        found = list((await read.execute(select(table))).all())
    await database.close()
    return found


async def plant(root: Path, service: str, table: Any, **row: Any) -> None:
    database = Database(open_data(root).database_url(service))
    async with database.transaction() as session:
        await session.execute(insert(table), row)
    await database.close()


def letter(name: str, body: str, number: int) -> dict[str, Any]:
    return {"id": UUID(int=number), "name": name, "reason": "KeyError: 'x'", "body": body}


def test_dead_letters_are_listed_shown_and_replayed(tmp_path: Path) -> None:
    root = tmp_path / "data"
    asyncio.run(begin(root))
    unknown = json.dumps({"id": str(UUID(int=1)), "type": "x.v1", "subject": "s", "data": {}})
    asyncio.run(plant(root, "customer", dead_letter, **letter("x.v1", unknown, 1), died_at=utcnow()))
    asyncio.run(plant(root, "payments", dead_letter, **letter("odd", "{{{", 2), died_at=utcnow()))
    said = {**letter("x.v1", unknown, 3), "subject": "s", "parked_at": utcnow()}
    asyncio.run(plant(root, "dispatch", parked, **said))

    listed = callboard("dead", "list", "--data", str(root))
    assert listed.returncode == 0, listed.stderr
    assert f"customer  heard  {UUID(int=1)}  x.v1  KeyError: 'x'" in listed.stdout
    assert f"payments  heard  {UUID(int=2)}  odd  KeyError: 'x'" in listed.stdout
    assert f"dispatch  said  {UUID(int=3)}  x.v1  KeyError: 'x'" in listed.stdout
    shown = callboard("dead", "show", str(UUID(int=2)), "--data", str(root))
    assert shown.stdout == "{{{\n"
    assert callboard("dead", "show", str(UUID(int=9)), "--data", str(root)).returncode == 1
    assert callboard("dead", "replay", "--data", str(root)).returncode == 2

    again = callboard("dead", "replay", "--all", "--data", str(root))
    assert again.returncode == 0, again.stderr
    assert "3 replayed" in again.stdout
    assert asyncio.run(rows(root, "customer", dead_letter)) == []
    assert len(asyncio.run(rows(root, "customer", inbox))) == 1
    assert [row.body for row in asyncio.run(rows(root, "payments", dead_letter))] == ["{{{"]
    assert asyncio.run(rows(root, "dispatch", parked)) == []
    assert len(asyncio.run(rows(root, "dispatch", outbox))) == 1


def test_doctor_and_reconcile_name_what_is_stuck(tmp_path: Path) -> None:
    root = tmp_path / "data"
    asyncio.run(begin(root))
    said = {**letter("x.v1", "nonsense", 3), "subject": None, "parked_at": utcnow()}
    asyncio.run(plant(root, "dispatch", parked, **said))
    asyncio.run(plant(root, "customer", outbox, name="y.v1", body='"', due_at=utcnow(), attempts=0))
    sick = callboard("doctor", "--data", str(root))
    assert sick.returncode == 1
    assert "callboard dead list" in sick.stdout
    found = callboard("reconcile", "--data", str(root))
    assert found.returncode == 1, found.stderr
    assert f"dispatch: x.v1 {UUID(int=3)} is not taken: KeyError: 'x'" in found.stdout
    assert "customer: y.v1" in found.stdout


def test_dead_says_where_no_callboard_is(tmp_path: Path) -> None:
    assert callboard("dead", "list", "--data", str(tmp_path)).returncode == 2
