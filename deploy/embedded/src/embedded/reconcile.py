"""`callboard reconcile`: whether everything that came in is accounted for."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from shared.db import Database, utcnow
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from embedded.checks import CHECKS, MONEY_CHECKS, Books, Check, MoneyBooks, simulator_agrees
from embedded.data import Data, open_data

SERVICES = ("mail-ingest", "dispatch", "customer")
MONEY = ("payments", "portal-api")
LISTED = 20


def reconcile(root: Path, urls: Mapping[str, str], minutes: float, *, as_json: bool) -> int:
    """The exit status: 0 where all is accounted for, 1 where not, 2 where it cannot be looked at."""
    data = open_data(root)
    distributed = {name: url for name, url in urls.items() if url}
    if distributed and not distributed.keys() >= set(SERVICES):
        return _refuse("Name all of --mail-ingest-url, --dispatch-url and --customer-url, or none of them.")
    if len(distributed.keys() & set(MONEY)) == 1:
        return _refuse("Name both of --payments-url and --portal-api-url, or none of them.")
    if not distributed and not data.database("dispatch").exists():
        return _refuse(f"There is no Callboard in {data.root}. Name its folder with --data.")
    here = [name for name in (*SERVICES, *MONEY) if data.database(name).exists()]
    urls = distributed or {name: data.database_url(name) for name in here}
    try:
        checks = asyncio.run(look(urls, minutes, None if distributed else booked(data)))
    except (SQLAlchemyError, OSError) as error:
        return _refuse(
            f"A database cannot be read ({type(error).__name__}). Is it migrated, and does it run?"
        )
    print(_json(checks)) if as_json else _show(checks)
    return 1 if any(check.wrong for check in checks) else 0


async def look(urls: Mapping[str, str], minutes: float, ledger: list[str] | None) -> list[Check]:
    """All checks, of money where its databases are named. `ledger` is the simulated partner's, where that is
    the partner."""
    async with _reading(urls, SERVICES) as (mail, dispatch, customer):
        now, young = _times(minutes)
        books = Books(mail, dispatch, customer, now, young)
        checks = [await check(books) for check in CHECKS]
        if ledger is not None:
            checks.append(await simulator_agrees(books, ledger))
    if urls.keys() >= set(MONEY):
        checks += await look_at_money(urls, minutes)
    return checks


async def look_at_money(urls: Mapping[str, str], minutes: float) -> list[Check]:
    async with _reading(urls, MONEY) as (payments, portal):
        now, young = _times(minutes)
        books = MoneyBooks(payments, portal, now, young)
        return [await check(books) for check in MONEY_CHECKS]


@asynccontextmanager
async def _reading(urls: Mapping[str, str], names: tuple[str, ...]) -> AsyncGenerator[list[AsyncConnection]]:
    async with AsyncExitStack() as stack:
        connections: list[AsyncConnection] = []
        for name in names:
            database = Database(urls[name], pool=2)
            stack.push_async_callback(database.close)
            connections.append(await stack.enter_async_context(database.read()))
        yield connections


def _times(minutes: float) -> tuple[datetime, datetime]:
    now = utcnow()
    return now, now - timedelta(minutes=minutes)


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
