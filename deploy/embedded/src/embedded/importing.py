"""`callboard import`: mails that lie on this machine go where arriving ones go. Doing it again, or going on
after it was stopped, is harmless: the same bytes are the same mail."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import httpx
from mail_ingest import queries
from mail_ingest.flows.intake import store_one
from mail_ingest.service import service
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from shared.bus import LocalBus
from shared.db import Database
from shared.service import Running

from embedded.data import Data, open_data
from embedded.house import settings_of
from embedded.source import Source, open_source

BATCH = 100
TRIES = 60
Store = Callable[[Sequence[bytes]], Awaitable[int]]


class CannotImport(Exception):
    """Why, and what to do."""


def import_(path: Path, root: Path, mailbox: str, url: str, token: str) -> int:
    """The exit status: 1 where some mails are too large, 2 where nothing could be imported."""
    try:
        source = open_source(path)
        opened = _remote(url, token, mailbox) if url else _local(open_data(root), mailbox)
        return asyncio.run(_run(source, opened))
    except OSError as error:
        return _refuse(f"{error.filename or path}: {error.strerror}")
    except (CannotImport, ValueError) as error:
        return _refuse(str(error))
    except httpx.HTTPError as error:
        return _refuse(f"{url} does not answer ({type(error).__name__}). Import again later: it goes on.")


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return 2


async def _run(source: Source, opened: Any) -> int:
    done = new = 0
    large: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with opened as (most, store):
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task(source.kind, total=source.total)
            while batch := list(islice(source.mails, BATCH)):
                fitting = [raw for _, raw in batch if len(raw) <= most]
                large += [name for name, raw in batch if len(raw) > most]
                new += await store(fitting)
                done += len(batch)
                progress.update(task, completed=done)
    print(f"{done} mails: {new} new, {done - new - len(large)} known already, {len(large)} too large")
    for name in large:
        print(f"too large: {name}", file=sys.stderr)
    return 1 if large else 0


@asynccontextmanager
async def _local(data: Data, mailbox: str) -> AsyncGenerator[tuple[int, Store]]:
    """Into the database of this folder, whether or not a Callboard runs on it."""
    if not data.database(service.name).exists():
        raise CannotImport(
            f"There is no Callboard in {data.root}. Start one there first: callboard run --data …"
        )
    settings = settings_of(service, data)
    database = Database(settings.database_url)
    running: Running[Any] = Running(service, settings, database, LocalBus())
    try:
        async with database.read() as read:
            box = _chosen({row.name: row for row in await queries.all_mailboxes(read)}, mailbox)

        async def store(mails: Sequence[bytes]) -> int:
            async with running.work() as work:
                return sum([(await store_one(work, box, raw, "import"))[1] for raw in mails])

        yield running.settings.max_mail_bytes, store
    finally:
        await database.close()


@asynccontextmanager
async def _remote(url: str, token: str, mailbox: str) -> AsyncGenerator[tuple[int, Store]]:
    """Through the API of a Callboard somewhere."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
        answer = await client.get("/v1/mailboxes")
        if answer.is_error:
            _explain(answer)
        box = _chosen({each["name"]: each["id"] for each in answer.json()["items"]}, mailbox)

        async def store(mails: Sequence[bytes]) -> int:
            return sum([await _post(client, box, raw) for raw in mails])

        yield sys.maxsize, store


async def _post(client: httpx.AsyncClient, box: str, raw: bytes) -> bool:
    """Whether the mail is new there. Waits while the other side is out of order."""
    query, kind = {"mailbox_id": box}, {"Content-Type": "message/rfc822"}
    answer = await client.post("/v1/mails", params=query, content=raw, headers=kind)
    for _ in range(TRIES):
        if answer.status_code != 503:
            break
        await asyncio.sleep(float(answer.headers.get("retry-after", 5)))
        answer = await client.post("/v1/mails", params=query, content=raw, headers=kind)
    if answer.is_error:
        _explain(answer)
    return answer.status_code == 202


def _explain(answer: httpx.Response) -> NoReturn:
    problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    why = " ".join(filter(None, (problem.get("title", "refused"), problem.get("detail"))))
    raise CannotImport(f"{answer.request.url.host} says {answer.status_code}: {why}")


def _chosen(boxes: dict[str, Any], name: str) -> Any:
    """The mailbox of that name, or the only one there is."""
    if name in boxes:
        return boxes[name]
    if not name and len(boxes) == 1:
        return next(iter(boxes.values()))
    known = ", ".join(boxes) or "none"
    raise CannotImport(f"Say with --mailbox into which one. There is: {known}.")
