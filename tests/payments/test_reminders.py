"""Reminders of overdue invoices: off by default, once a step, and only of what is to be paid."""

import asyncio
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
from bills import issued, known_customer, known_dispatch, line, pay_by_cheque
from gateway import Clock
from harness import at_work, client
from payments.flows.reminders import remind
from payments.models import invoice_mail
from payments.service import service
from shared.service import Running
from sqlalchemy import update

PATH = "/v1/invoice-reminders"


async def turned_on(office: httpx.AsyncClient, days: list[int], version: int = 0, on: bool = True) -> None:
    body = {"enabled": on, "days": days}
    answer = await office.put(PATH, json=body, headers={"If-Match": f'"{version}"'})
    assert answer.status_code == 200, answer.text


async def run_once(run: Running[Any]) -> None:
    async with run.work() as work:
        await remind(work)


async def reminders(office: httpx.AsyncClient, id: str) -> int:
    found = (await office.get(f"/v1/invoices/{id}/mails")).json()["items"]
    return sum(each["kind"] == "reminder" for each in found)


async def sent(run: Running[Any], office: httpx.AsyncClient, id: str) -> int:
    """As many as there were, and none that waits: a second to the same address is not queued meanwhile."""
    async with run.work() as work:
        await work.session.execute(update(invoice_mail).values(state="sent"))
    return await reminders(office, id)


async def test_each_step_once_with_two_replicas(
    run: Running[Any], office: httpx.AsyncClient, clock: Clock
) -> None:
    made = await issued(office, await known_customer(run), terms_days=0)
    clock.ahead += timedelta(days=20)
    await run_once(run)
    assert await reminders(office, made["id"]) == 0
    first = await office.get(PATH)
    assert (first.json()["enabled"], first.headers["etag"]) == (False, '"0"')
    clock.ahead -= timedelta(days=20)
    await turned_on(office, [14, 7])
    for days, expected in ((6, 0), (7, 1), (8, 1), (13, 1), (14, 2), (40, 2)):
        kept, clock.ahead = clock.ahead, clock.ahead + timedelta(days=days)
        await asyncio.gather(*(run_once(run) for _ in range(3)))
        clock.ahead = kept
        assert await sent(run, office, made["id"]) == expected, days


async def test_what_was_missed_is_one_reminder_and_what_was_before_is_none(
    run: Running[Any], office: httpx.AsyncClient, clock: Clock
) -> None:
    old = await issued(office, await known_customer(run), terms_days=0)
    clock.ahead += timedelta(days=10)
    new = await issued(office, await known_customer(run), terms_days=0)
    await turned_on(office, [7, 14])
    await run_once(run)
    assert (await reminders(office, old["id"]), await reminders(office, new["id"])) == (0, 0)
    clock.ahead += timedelta(days=30)
    await run_once(run)
    assert (await reminders(office, old["id"]), await reminders(office, new["id"])) == (1, 1)


async def test_who_is_not_reminded(run: Running[Any], office: httpx.AsyncClient, clock: Clock) -> None:
    person = await known_customer(run)
    paid = await issued(office, person, terms_days=0)
    await pay_by_cheque(office, person, 12540, **{paid["id"]: 12540})
    id, owner, _ = await known_dispatch(run)
    theirs = await issued(office, owner, dispatch_id=str(id), bill_to_partner=True, terms_days=0)
    silent = await issued(office, await known_customer(run, email=None), terms_days=0)
    free = await issued(office, person, line(0), terms_days=0)
    late = await issued(office, person, terms_days=30)
    await turned_on(office, [7])
    clock.ahead += timedelta(days=8)
    await run_once(run)
    for each in (paid, theirs, silent, free, late):
        assert await reminders(office, each["id"]) == 0
    await turned_on(office, [7], version=1, on=False)
    clock.ahead += timedelta(days=40)
    await run_once(run)
    assert await reminders(office, late["id"]) == 0


async def test_the_settings_are_an_administrators(run: Running[Any], office: httpx.AsyncClient) -> None:
    body = {"enabled": True, "days": [7]}
    async with client(run, "office.dispatcher") as dispatcher:
        assert (await dispatcher.get(PATH)).status_code == 200
        assert (await dispatcher.put(PATH, json=body, headers={"If-Match": '"0"'})).status_code == 403
    assert (await office.put(PATH, json=body)).status_code == 428
    for wrong in ([], [0], [366], ["7"]):
        answer = await office.put(PATH, json={**body, "days": wrong}, headers={"If-Match": '"0"'})
        assert answer.status_code == 422
    await turned_on(office, [7])
    assert (await office.put(PATH, json=body, headers={"If-Match": '"0"'})).status_code == 412


async def test_a_reminder_of_what_was_paid_meanwhile_is_not_sent(tmp_path: Path, clock: Clock) -> None:
    own = {"mail_dir": str(tmp_path / "out")}
    url = f"sqlite+aiosqlite:///{tmp_path}/payments.db"
    async with at_work(service, url, **own) as run, client(run, "office.admin") as office:
        person = await known_customer(run)
        made = [await issued(office, person, line(100 + n), terms_days=0) for n in range(2)]
        await turned_on(office, [7])
        clock.ahead += timedelta(days=7)
        await run_once(run)
        await pay_by_cheque(office, person, 100, **{made[0]["id"]: 100})
    async with at_work(service, url, loops=True, **own) as run, client(run, "office.admin") as office:
        async with asyncio.timeout(30):
            states: list[str] = []
            while len(states) < 2 or "waiting" in states:
                await asyncio.sleep(0.05)
                pages = [
                    (await office.get(f"/v1/invoices/{each['id']}/mails")).json()["items"] for each in made
                ]
                states = [mail["state"] for page in pages for mail in page]
        assert states == ["needless", "sent"]
    (file,) = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    letter = message_from_bytes(file.read_bytes(), EmailMessage, policy=policy.default)
    assert letter["subject"].startswith("Reminder: Invoice INV-00002")
    body = letter.get_body()
    assert body is not None
    assert "is overdue" in body.get_content()
