"""`callboard reconcile`: whether everything that came in is accounted for."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from shared.db import Database, utcnow
from sqlalchemy.exc import SQLAlchemyError

from embedded.checks import CHECKS, Books, Check, simulator_agrees
from embedded.data import Data, open_data

SERVICES = ("mail-ingest", "dispatch", "customer")
LISTED = 20


def reconcile(root: Path, urls: Mapping[str, str], minutes: float, *, as_json: bool) -> int:
    """The exit status: 0 where all is accounted for, 1 where not, 2 where it cannot be looked at."""
    data = open_data(root)
    distributed = {name: url for name, url in urls.items() if url}
    if distributed and len(distributed) < len(SERVICES):
        return _refuse("Name all of --mail-ingest-url, --dispatch-url and --customer-url, or none of them.")
    if not distributed and not data.database("dispatch").exists():
        return _refuse(f"There is no Callboard in {data.root}. Name its folder with --data.")
    urls = distributed or {name: data.database_url(name) for name in SERVICES}
    try:
        checks = asyncio.run(look(urls, minutes, None if distributed else booked(data)))
    except (SQLAlchemyError, OSError) as error:
        return _refuse(
            f"A database cannot be read ({type(error).__name__}). Is it migrated, and does it run?"
        )
    print(_json(checks)) if as_json else _show(checks)
    return 1 if any(check.wrong for check in checks) else 0


async def look(urls: Mapping[str, str], minutes: float, ledger: list[str] | None) -> list[Check]:
    """All checks. `ledger` is the simulated partner's, where that is the partner."""
    async with _opened(urls, minutes) as books:
        checks = [await check(books) for check in CHECKS]
        if ledger is not None:
            checks.append(await simulator_agrees(books, ledger))
    return checks


@asynccontextmanager
async def _opened(urls: Mapping[str, str], minutes: float) -> AsyncGenerator[Books]:
    async with AsyncExitStack() as stack:
        connections = []
        for name in SERVICES:
            database = Database(urls[name], pool=1)
            stack.push_async_callback(database.close)
            connections.append(await stack.enter_async_context(database.read()))
        now = utcnow()
        yield Books(*connections, now=now, young=now - timedelta(minutes=minutes))


def booked(data: Data) -> list[str] | None:
    """The simulated partner's ledger, where one was ever at work."""
    return data.partner_ledger.read_text().splitlines() if data.partner_ledger.exists() else None


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return 2


def _json(checks: list[Check]) -> str:
    ok = not any(check.wrong for check in checks)
    return json.dumps({"ok": ok, "checks": [check._asdict() for check in checks]}, indent=2)


def _show(checks: list[Check]) -> None:
    console = Console()
    table = Table("Rule", "", title="Is everything accounted for?", title_justify="left")
    for check in checks:
        state = f"[red]{len(check.wrong)} wrong[/]" if check.wrong else "[green]yes[/]"
        table.add_row(check.rule, state + (f", {len(check.waiting)} on their way" if check.waiting else ""))
    console.print(table)
    for check in checks:
        for word, entries in (("wrong", check.wrong), ("on its way", check.waiting)):
            for entry in entries[:LISTED]:
                console.print(f"{word}: {entry}", markup=False, highlight=False, soft_wrap=True)
            if len(entries) > LISTED:
                console.print(f"{word}: {len(entries) - LISTED} more: {check.rule}", markup=False)
