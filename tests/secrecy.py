"""What must be found nowhere that the tests leave something: card numbers, and the secrets that they plant.

`tests/conftest.py` looks with this at every database, log and queue of a run before it is thrown away.
"""

import asyncio
import html
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from json import dumps
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import asyncpg
import pytest
from localservers import Postgres, RabbitMQ
from payments.gateways.scrub import KEPT, luhn
from shared.bus import LocalBus
from shared.rabbit import RabbitBus

Publish = Callable[[Any, str, bytes, str], Awaitable[None]]

CARD = "4111111111111111"
CARDS = (CARD, "5555555555554444", "378282246310005", "6011111111111117", "5000000000000009")
"""Numbers that card companies give out for tests. What a test plants is one of them."""
SECRETS = {
    "merchantware": "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE",
    "qbms": "TGT-000-EXAMPLE",
    "oauth": "secret-of-the-app",
    "stripe": "sk_test_EXAMPLE",
    "stripe webhook": "whsec_fixture_only_0042",
    "sandbox webhook": "sandbox-secret-only-0042",
    "portal": "seven green bicycles",
    "mailbox": "hunter2-&-co",
    "partner": "p&ss wörd",
}
"""Of the accounts that tests set up: at gateways, in the portal, at the mail provider, at the partner."""
PLANTED = (*CARDS, *SECRETS.values())

# As cards are numbered (ISO/IEC 7812), in one run or in the groups of the card; around it nothing that makes
# it a part of an id. What is before it is looked at second: a search for digits is five times as fast.
_ISSUED = (
    r"(?<=4)\d{12}(?:\d{3}){0,2}|(?<=5)[1-5]\d{14}|(?<=2)[2-7]\d{14}|(?<=3)[47]\d{13}"
    r"|(?<=6)(?:011|5\d\d|4[4-9]\d)\d{12}"
)
_GROUPED = r"\d{3}([ -])\d{4}\1\d{4}\1\d{4}|(?<=3)[47]\d{2}([ -])\d{6}\2\d{5}"
_NUMBER = re.compile(
    rf"[2-6](?<![\w.\-+/@].)(?:{_ISSUED}|{_GROUPED})(?![\w\-+/@]|\.\d)", re.ASCII | re.DOTALL
)
_FORMS = {form(secret) for secret in PLANTED for form in (str, quote, quote_plus, lambda it: dumps(it)[1:-1])}
_PLANTED = re.compile("|".join(map(re.escape, sorted(_FORMS))))
_FIELD = re.compile(r"(\w+)\W{1,8}\Z", re.ASCII)
_CELLS = "\x1f"
leaks: list[str] = []
"""What was found while the run goes on."""
_EVERYTHING = """
SELECT query_to_xml(format('SELECT %s FROM %s', string_agg(
    CASE atttypid WHEN 'bytea'::regtype THEN format('encode(%1$I, ''escape'') AS %1$I', attname)
    ELSE quote_ident(attname) END, ', '), oid::regclass), true, false, '')::text
FROM pg_class JOIN pg_attribute ON attrelid = oid AND attnum > 0 AND NOT attisdropped
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace GROUP BY oid
"""


def found_in(text: str) -> list[str]:
    """The card numbers and planted secrets in it, with a little of what is before them."""
    planted = _PLANTED.finditer(text) if any(form in text for form in _FORMS) else ()
    hits = {found.start(): found for found in planted}
    for found in _NUMBER.finditer(text):
        if luhn(re.sub(r"\D", "", found[0])):
            hits.setdefault(found.start(), found)
    return [_shown(text, found) for found in hits.values() if not _allowed(text, found)]


def _allowed(text: str, found: re.Match[str]) -> bool:
    """QuickBooks' own number of the merchant's account looks like a card's."""
    field = _FIELD.search(text, max(0, found.start() - 60), found.start())
    return field is not None and field[1].replace("_", "").lower() in KEPT


def _shown(text: str, found: re.Match[str]) -> str:
    return repr(text[max(0, found.start() - 60) : found.start()] + f"»{found[0][:4]}…{found[0][-2:]}«")


def in_sqlite(path: Path) -> list[str]:
    """Every cell of every table, also of what only the log beside the file holds yet."""
    database = sqlite3.connect(path)
    try:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL")
        texts = ((name, _rows(database, name)) for (name,) in tables.fetchall())
        return [f"{path.name}, table {name}: {hit}" for name, text in texts for hit in found_in(text)]
    finally:
        database.close()


def _rows(database: sqlite3.Connection, table: str) -> str:
    rows = database.execute(f'SELECT * FROM "{table}"')
    return _CELLS.join(_text(cell) for row in rows for cell in row)


def _text(cell: object) -> str:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


def in_postgres(server: Postgres, database: str) -> list[str]:
    with ThreadPoolExecutor(1) as aside:  # whether or not a loop is running here
        told = aside.submit(asyncio.run, _everything(server.url(database, driver="postgresql"))).result()
    return [f"database {database}: {hit}" for hit in found_in(html.unescape(told))]


async def _everything(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return _CELLS.join(row[0] for row in await connection.fetch(_EVERYTHING))
    finally:
        await connection.close()


def in_folder(folder: Path) -> Iterator[str]:
    """SQLite files and logs, however deep."""
    for path in folder.rglob("*"):
        if path.suffix == ".log" and path.is_file():
            yield from (f"{path}: {hit}" for hit in found_in(path.read_text(errors="replace")))
        elif path.suffix in (".db", ".sqlite") and path.is_file():
            yield from (f"{path.parent}: {hit}" for hit in in_sqlite(path))


def in_queues(folder: Path) -> Iterator[str]:
    """What a broker wrote down of its messages, delivered ones and dead letters too."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield from (f"{path}: {hit}" for hit in found_in(path.read_bytes().decode("latin-1")))


def in_report(report: pytest.TestReport) -> list[str]:
    """What a test wrote to its outputs and logs, and what was found meanwhile."""
    found = [f"{name}: {hit}" for name, text in report.sections for hit in found_in(text)]
    found, leaks[:] = [*leaks, *found], []
    return found


def watch(patch: pytest.MonkeyPatch) -> None:
    """From now on every event is looked at on its way, and every server before its data go."""
    for bus in (LocalBus, RabbitBus):
        patch.setattr(bus, "publish", _tapped(bus.publish))
    drop, close_database, close_broker = Postgres.drop_database, Postgres.close, RabbitMQ.close

    def dropped(server: Postgres, name: str) -> None:
        leaks.extend(in_postgres(server, name))
        drop(server, name)

    def closed(server: Postgres) -> None:
        if server.is_ready():
            names = server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'db%'").split()
            leaks.extend(hit for name in names for hit in in_postgres(server, name))
        close_database(server)

    def broker_closed(server: RabbitMQ) -> None:
        leaks.extend(in_queues(server.folder / "mnesia"))
        close_broker(server)

    patch.setattr(Postgres, "drop_database", dropped)
    patch.setattr(Postgres, "close", closed)
    patch.setattr(RabbitMQ, "close", broker_closed)


def _tapped(publish: Publish) -> Publish:
    async def tapped(bus: Any, name: str, body: bytes, source: str) -> None:
        leaks.extend(f"event {name} of {source}: {hit}" for hit in found_in(body.decode()))
        await publish(bus, name, body, source)

    return tapped
