"""What can be wrong on this machine: the folder, its key, the databases, the clock."""

import base64
import binascii
import shutil
import stat
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mail_ingest.tables import mails
from shared.backlog import backlog
from shared.db import utcnow
from shared.schema import schema_of
from shared.service import Running
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from embedded.data import AlreadyRunning, Data
from embedded.findings.base import Finding

FREE_BYTES = 500_000_000
CLOCK = timedelta(seconds=60)


def folder(data: Data) -> Iterator[Finding]:
    if not data.database("dispatch").exists():
        yield Finding("folder", f"{data.root} holds no Callboard", "Start one there: callboard run --data …")
        return
    try:
        with data.locked():
            yield Finding("folder", f"{data.root}, nothing runs on it now")
    except AlreadyRunning:
        yield Finding("folder", f"{data.root}, and a Callboard runs on it")
    free = shutil.disk_usage(data.root).free
    mend = f"Free at least {FREE_BYTES // 1_000_000} MB." if free < FREE_BYTES else ""
    yield Finding("disk", f"{free // 1_000_000} MB are free", mend)
    yield from _key(data)


def _key(data: Data) -> Iterator[Finding]:
    if not data.key_file.exists():
        yield Finding("secret key", "is missing", f"Put {data.key_file} back from your backup.")
        return
    mode = stat.S_IMODE(data.key_file.stat().st_mode)
    mend = f"Others may read it: chmod 600 {data.key_file}" if mode & 0o077 else ""
    try:
        size = len(base64.b64decode(data.key_file.read_bytes()))
    except binascii.Error:
        size = 0
    if size != 32:
        mend = f"It is no key of 32 bytes: put {data.key_file} back from your backup."
    yield Finding("secret key", f"mode {mode:o}", mend)


async def database(running: Running[Any]) -> Finding:
    what = f"database of {running.name}"
    try:
        schema = await schema_of(running.service, running.database)
    except (SQLAlchemyError, OSError) as error:
        mend = "Does the server run, and are address, user and password right?"
        return Finding(what, f"cannot be reached ({type(error).__name__})", mend)
    if schema.suits:
        return Finding(what, schema.words())
    if schema.behind:
        mend = f"Restart callboard run, or: python -m {running.service.package} migrate"
        return Finding(what, "lacks migrations", mend)
    return Finding(what, schema.words(), "Start the newer release.")


async def events(running: Running[Any], command: str) -> Finding:
    """Those that its database keeps because they could not be handled, or not be sent."""
    async with running.database.read() as read:
        found = await backlog(read)
    stuck = found.dead + found.parked
    said = f"{found.outbox} wait to be sent, {found.parked} cannot be sent, {found.dead} could not be handled"
    mend = f"See why, mend it, then replay them: {command} dead list" if stuck else ""
    return Finding(f"events of {running.name}", said, mend)


async def clock(services: Mapping[str, Running[Any]]) -> AsyncIterator[Finding]:
    try:
        ZoneInfo("America/Chicago")
    except ZoneInfoNotFoundError:
        yield Finding("time zones", "are missing", "Install them: apt install tzdata, or pip install tzdata")
    async with services["mail-ingest"].database.read() as read:
        newest: datetime | None = (await read.execute(select(func.max(mails.c.received_at)))).scalar()
    ahead = newest is not None and newest > utcnow() + CLOCK
    mend = "The clock was set back since: set it right, and keep it so with NTP." if ahead else ""
    said = f"{utcnow():%Y-%m-%d %H:%M:%S} UTC"
    yield Finding(
        "clock", f"{said}, but the last mail came at {newest:%Y-%m-%d %H:%M}" if ahead else said, mend
    )
