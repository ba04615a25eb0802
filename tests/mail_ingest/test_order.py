"""Mails are written down in the order in which they came, also when writing down fails on the way."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from batches import Letter, ordinary
from harness import at_work, client, of, said
from letters import RULES
from mail_ingest.flows import reading as flow
from mail_ingest.service import service as mail_ingest
from shared.events.dispatch import DispatchReceived
from shared.service import Running

MAILBOX = {
    "name": "office",
    "kind": "maildir",
    "vendor_id": RULES.vendor_id,
    "authserv_id": RULES.authserv_id,
    "trusted_senders": RULES.trusted_senders,
    "poll_seconds": 5,
}


@pytest.mark.parametrize(
    ("waiting", "failing"),
    [(12, {1}), (12, {2}), (12, {1, 3, 4}), (1, {1, 2, 3, 4})],  # the last: oftener than a mail is tried
)
async def test_what_failed_is_not_overtaken(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, waiting: int, failing: set[int]
) -> None:
    calls, judge = 0, flow.judge

    async def sometimes(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        await judge(*arguments)
        if calls in failing:
            raise ConnectionResetError("the database went away")

    monkeypatch.setattr(flow, "judge", sometimes)
    monkeypatch.setattr(sys.modules["mail_ingest.loops.read"], "READ_AT_ONCE", 2)
    mails = [ordinary() for _ in range(waiting)]
    deliver(tmp_path / "mailbox", mails)
    settings = {"lease_seconds": 0.5, "poll_batch": 3}
    async with at_work(mail_ingest, database_url, loops=True, **settings) as running:
        await watch(running, tmp_path / "mailbox")
        numbers = list[str]()
        async with asyncio.timeout(60):
            while len(numbers) < len(mails):
                await asyncio.sleep(0.1)
                numbers += await told(running)
        readers = [task for task in asyncio.all_tasks() if "_reader" in repr(task.get_coro())]
    assert numbers == [mail.number for mail in mails]
    assert len(readers) == 2


async def test_one_that_cannot_be_written_down_stops_nobody(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect of ours, not an outage: it is unable after its attempts, and those behind it go on."""
    mails = [ordinary() for _ in range(3)]
    judge = flow.judge

    async def refuse(work: Any, readings: Any) -> None:
        if any(reading.number == mails[0].number for _, _, reading in readings):
            raise ValueError("what nobody thought of")
        await judge(work, readings)

    monkeypatch.setattr(flow, "judge", refuse)
    deliver(tmp_path / "mailbox", mails)
    numbers = list[str]()
    async with at_work(mail_ingest, database_url, loops=True, lease_seconds=0.5) as running:
        await watch(running, tmp_path / "mailbox")
        async with asyncio.timeout(60):
            while len(numbers) < 2:
                await asyncio.sleep(0.05)
                numbers += await told(running)
        async with client(running, "office.admin") as http:
            [unable] = (await http.get("/v1/mails", params={"outcome": "unable"})).json()["items"]
    assert numbers == [mail.number for mail in mails[1:]]
    assert unable["code"] == "parser_failure"


async def watch(running: Running[Any], folder: Path) -> None:
    async with client(running, "office.admin") as http:
        (await http.post("/v1/mailboxes", json={**MAILBOX, "path": str(folder)})).raise_for_status()


async def told(running: Running[Any]) -> list[str]:
    """Numbers of the dispatches that it has told of since it was asked last."""
    return [event.content.number for event in of(await said(running), DispatchReceived)]


def deliver(folder: Path, mails: list[Letter]) -> None:
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    for number, mail in enumerate(mails):
        (folder / "new" / f"{1_760_000_000 + number}.test").write_bytes(mail.raw)


async def test_what_another_process_has_read_meanwhile_is_told_once(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease ended while this one stood still, with the readings in its hands."""
    held: list[Any] = []
    judge = flow.judge

    async def hold(work: Any, readings: Any) -> None:
        held.append(readings)
        await judge(work, readings)

    monkeypatch.setattr(flow, "judge", hold)
    deliver(tmp_path / "mailbox", [ordinary() for _ in range(3)])
    numbers = list[str]()
    async with at_work(mail_ingest, database_url, loops=True) as running:
        await watch(running, tmp_path / "mailbox")
        async with asyncio.timeout(60):
            while len(numbers) < 3:
                await asyncio.sleep(0.05)
                numbers += await told(running)
        for readings in held:
            async with running.work() as work:
                await judge(work, readings)
        assert await said(running) == []
