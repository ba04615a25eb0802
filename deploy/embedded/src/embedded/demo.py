"""`callboard demo`: the bundled mails through the whole job, in a folder of its own, and whether each became
what it should."""

import asyncio
import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import FastAPI
from rich.console import Console
from rich.table import Table
from shared.telemetry import configure_logging

from embedded import samples
from embedded.checks.base import APPLIED, Check
from embedded.data import Data, open_data
from embedded.house import SIMULATOR, create_house, migrate_all, open_services
from embedded.office import Office
from embedded.reconcile import MONEY, SERVICES, booked, look
from embedded.seed import seed
from embedded.serve import listening, serving
from embedded.till import Paid, pay_one

QUIET_SECONDS = 90
LOADED = "50"  # the partner's code of a new dispatch: Automated Dispatch Load Successful


class Line(NamedTuple):
    """What became of one mail; `problems` are empty where it is as it should be."""

    file: str
    expected: str
    got: str
    number: str
    forward: str
    problems: list[str]


def demo() -> int:
    """The exit status: 0 where everything is as expected."""
    configure_logging("error")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="callboard-") as folder, listening("127.0.0.1", 0) as listener:
        lines, paid, checks = asyncio.run(_run(open_data(Path(folder)), listener))
    _show(lines, paid, checks, time.monotonic() - started)
    wrong = any(line.problems for line in lines) or paid.problems or any(check.wrong for check in checks)
    return 1 if wrong else 0


async def _run(data: Data, listener: Any) -> tuple[list[Line], Paid, list[Check]]:
    data.prepare()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    services = open_services(data, demo=True, url=url)
    await migrate_all(services, data)
    app = create_house(services, data)
    async with Office(app) as office:
        await seed(office, data, url + SIMULATOR, demo=True)
        async with serving(app, listener):
            await _until_quiet(data, SERVICES)
            paid = await pay_one(office, url)
            checks = await _until_quiet(data, (*SERVICES, *MONEY))
            return await _lines(app, data), paid, checks


async def _until_quiet(data: Data, services: tuple[str, ...]) -> list[Check]:
    """Waits until nothing is on its way; what still is after the time counts as wrong."""
    urls = {name: data.database_url(name) for name in services}
    deadline = time.monotonic() + QUIET_SECONDS
    while True:
        # in this order: a mail must not leave the mailbox unseen between the two looks
        arriving = any((data.mailbox / "new").iterdir())
        checks = await look(urls, 0, booked(data))
        busy = arriving or any(check.wrong or check.waiting for check in checks)
        if not busy or time.monotonic() > deadline:
            return checks
        await asyncio.sleep(0.2)


async def _lines(app: FastAPI, data: Data) -> list[Line]:
    async with Office(app) as office:
        mails: dict[str, list[dict[str, Any]]] = {}
        for mail in reversed((await office.read("/v1/mails", limit=200))["items"]):
            mails.setdefault(mail["sha256"], []).append(mail)
        numbers = Counter(
            each["number"] for each in (await office.read("/v1/dispatches", limit=200))["items"]
        )
    told = [json.loads(line) for line in data.partner_ledger.read_text().splitlines()]
    loaded = Counter(each["dispatchId"] for each in told if each["booked"] and each["statusCode"] == LOADED)
    sent = len(list((data.outgoing / "new").iterdir()))
    due = sum("one_forward" in answer["must"] for answer in samples.answers())
    lines = [_line(answer, mails, numbers, loaded) for answer in samples.answers()]
    if sent < due:
        lines[-1].problems.append(f"{sent} forwards in the outgoing Maildir, {due} are due")
    return lines


def _line(
    answer: dict[str, Any],
    mails: dict[str, list[dict[str, Any]]],
    numbers: Counter[str],
    loaded: Counter[str],
) -> Line:
    waiting = mails.get(answer["sha256"], [])
    if not waiting:
        return Line(answer["file"], answer["outcome"], "lost", "", "", ["it is not in the mail log"])
    mail = waiting.pop(0)  # the same bytes twice are two mails
    got, number, must = mail["outcome"] or mail["state"], mail["number"] or "", answer["must"]
    promised = answer.get("of") or answer.get("dispatch", {}).get("partner_dispatch_id", "")
    forward = mail["forward"] or ""
    rules = {
        "this outcome is not allowed": got in answer["allowed"],
        "no reason is given": bool(mail["reason"]) or got in APPLIED,
        f"it is not of dispatch {promised}": got not in (*APPLIED, "duplicate") or number == promised,
        "it was not forwarded": "one_forward" not in must or forward == "sent",
        "it was forwarded": not {"no_loop", "no_reply_to_sender"} & set(must) or not forward,
        "there is not one dispatch of it": got not in APPLIED or numbers[number] == 1,
        "the partner was not told once that it was loaded": got != "processed" or loaded[number] == 1,
    }
    return Line(
        answer["file"], answer["outcome"], got, number, forward, [why for why, ok in rules.items() if not ok]
    )


def _show(lines: list[Line], paid: Paid, checks: list[Check], seconds: float) -> None:
    console = Console()
    for line in lines:
        verdict = "ok" if not line.problems else "WRONG: " + "; ".join(line.problems)
        text = f"{line.file}  {line.expected:<10} {line.got:<10} {line.number:<10} {line.forward or '-':<5}"
        console.print(f"{text} {verdict}", markup=False, highlight=False, soft_wrap=True)
    table = Table("Outcome", "Expected", "Got")
    expected, got = Counter(line.expected for line in lines), Counter(line.got for line in lines)
    for outcome in sorted(expected | got):
        table.add_row(outcome, str(expected[outcome]), str(got[outcome]))
    console.print(f"\n{len(lines)} mails in {seconds:.1f} s, with the start of the system")
    console.print(table)
    console.print(f"Money: {paid.said}", markup=False, highlight=False, soft_wrap=True)
    for problem in paid.problems:
        console.print(f"wrong: money: {problem}", markup=False, highlight=False, soft_wrap=True)
    for check in checks:
        for entry in check.wrong:
            console.print(f"wrong: {check.rule}: {entry}", markup=False, highlight=False, soft_wrap=True)
    wrong = sum(bool(line.problems) for line in lines) + len(paid.problems)
    wrong += sum(len(check.wrong) for check in checks)
    console.print(
        "Everything is as it should be." if not wrong else f"{wrong} things are not as they should be."
    )
