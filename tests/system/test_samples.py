"""Every sample mail, in order, through mailbox, parser, dispatch, customer and forward, gets its answer."""

import asyncio
import hashlib
import json
from email import message_from_bytes
from pathlib import Path
from typing import Any

from dispatch.service import service as dispatch_service
from shared.service import Running
from sqlalchemy import func, select, text

SAMPLES = Path(__file__).parent.parent / "mail_ingest" / "mails"
ANSWERS = [json.loads(line) for line in (SAMPLES / "answers.jsonl").read_text().splitlines()]
dispatches = dispatch_service.metadata.tables["dispatch"]


async def mail_log(house: Any) -> list[dict[str, Any]]:
    async with house.http("mail-ingest") as http:
        return list(reversed((await http.get("/v1/mails", params={"limit": 200})).json()["items"]))


async def quiet(house: Any, mails: int, seconds: float = 60) -> list[dict[str, Any]]:
    """Waits until every mail has its outcome and its forward, and nothing waits in an outbox."""
    async with asyncio.timeout(seconds):
        while True:
            log = await mail_log(house)
            settled = [mail for mail in log if mail["state"] == "settled" and mail["forward"] != "waiting"]
            if len(settled) >= mails and not [True for one in house.services.values() if await _says(one)]:
                return log
            await asyncio.sleep(0.1)


async def _says(running: Running[Any]) -> int:
    async with running.database.read() as read:
        return (await read.execute(text("SELECT count(*) FROM outbox"))).scalar_one()


async def test_every_sample_gets_its_answer(house: Any) -> None:
    async with house() as home:
        home.deliver([(SAMPLES / answer["file"]).read_bytes() for answer in ANSWERS])
        async with home.http("mail-ingest") as http:
            (await http.post("/v1/mailboxes", json=home.mailbox)).raise_for_status()
        log = await quiet(home, len(ANSWERS))

        assert home.left() == []
        assert len(log) == len(ANSWERS)
        _check_outcomes(home, log)
        _check_forwards(home, log)
        await _check_dispatches(home)
        await _check_customers(home)


def _sha256(home: Any, answer: dict[str, Any]) -> str:
    return hashlib.sha256(home.as_read((SAMPLES / answer["file"]).read_bytes())).hexdigest()


def _check_outcomes(home: Any, log: list[dict[str, Any]]) -> None:
    for mail, answer in zip(log, ANSWERS, strict=True):
        assert mail["sha256"] == _sha256(home, answer), answer["file"]
        assert mail["outcome"] in answer["allowed"], (answer["file"], mail["outcome"], mail["reason"])


def _check_forwards(home: Any, log: list[dict[str, Any]]) -> None:
    """Exactly one forward for each mail that is not ignored, with the original's bytes inside."""
    sent = [message_from_bytes(received.content) for received in home.sink.messages]
    by_hash: dict[str, list[Any]] = {}
    for message in sent:
        by_hash.setdefault(str(message["X-Callboard-Original-SHA256"]), []).append(message)
    for mail, answer in zip(log, ANSWERS, strict=True):
        copies = by_hash.get(mail["sha256"], [])
        same_bytes = sum(other["sha256"] == answer["sha256"] for other in ANSWERS)
        assert len(copies) == (0 if mail["outcome"] == "ignored" else same_bytes), answer["file"]
        for copy in copies:
            original = copy.get_payload()[1].get_payload(decode=True)
            assert original == home.as_read((SAMPLES / answer["file"]).read_bytes())
        if mail["outcome"] != "ignored":
            worked = mail["outcome"] in ("processed", "updated", "cancelled")
            assert any(copy["To"] == f"{'done' if worked else 'error'}@contractor.example" for copy in copies)


async def _check_dispatches(home: Any) -> None:
    """One dispatch a number, holding what the last accepted mail said."""
    last = {
        answer["dispatch"]["partner_dispatch_id"]: answer["dispatch"]
        for answer in ANSWERS
        if answer["outcome"] in ("processed", "updated") and answer.get("dispatch")
    }
    async with home.services["dispatch"].database.read() as read:
        rows = (await read.execute(select(dispatches.c.number, dispatches.c.id))).all()
    assert sorted(row.number for row in rows) == sorted(last)
    async with home.http("dispatch") as http:
        for row in rows:
            content = (await http.get(f"/v1/dispatches/{row.id}")).raise_for_status().json()["content"]
            expected = last[row.number]
            assert content["contract"]["id"] == expected["contract_id"]
            assert content["do_not_collect"] == expected["do_not_collect"]
            assert len(content["lines"]) == len(expected["items"])
            assert content.get("email") == expected["email"]


async def _check_customers(home: Any) -> None:
    """Every dispatch knows its customer or waits in the review queue; no mail without a dispatch made one."""
    async with home.services["dispatch"].database.read() as read:
        unmatched = select(func.count()).select_from(dispatches).where(dispatches.c.customer_id.is_(None))
        assert (await read.execute(unmatched)).scalar_one() == 0
    async with home.http("customer") as http:
        customers = (await http.get("/v1/customers", params={"limit": 200})).json()["items"]
    people = [found for found in customers if found["kind"] != "partner"]
    numbers = {answer["dispatch"]["partner_dispatch_id"] for answer in ANSWERS if answer.get("dispatch")}
    assert 0 < len(people) <= len(numbers)
