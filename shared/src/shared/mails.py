"""Mail that waits in a table of a service: leased, sent with no transaction open, settled; at least once.

The table has `id`, `state` (`waiting` until it is over), `due_at`, `attempts`, `created_at`, `settled_at` and
`answer`, what the mail server said.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Table, select, update
from sqlalchemy.exc import DBAPIError

from shared.batches import one_of
from shared.clock import Due
from shared.db import Row, utcnow
from shared.failures import is_outage
from shared.mailer import MailRefused
from shared.service import Running
from shared.work import Work

log = structlog.get_logger()

R = TypeVar("R")

LONGEST = 900.0


def next_try(attempts: int) -> timedelta:
    """Doubled with each try, and spread, so that an outage does not end in a stampede."""
    return timedelta(seconds=min(2.0 ** min(attempts, 10), LONGEST) * random.uniform(0.5, 1.0))  # noqa: S311


def due_of(table: Table) -> Due:
    """When a mail goes out: the next try, or the end of a lease."""

    def longest(settings: Any, row: Row) -> float:
        return max(settings.lease_seconds, min(2.0 ** min(row.attempts, 10), LONGEST))

    return Due(table.c.due_at, longest, ("attempts",))


async def nothing_due(running: Running[Any], table: Table) -> bool:
    """Asked every second, so without a write transaction."""
    query = select(table.c.id).where(*_due(table, utcnow())).limit(1)
    async with running.database.read() as read:
        return (await read.execute(query)).first() is None


async def lease(work: Work[Any], table: Table, limit: int) -> Sequence[Row]:
    """Mails that are due, ours for as long as `lease_seconds`."""
    due = select(table.c.id).where(*_due(table, work.now)).order_by(table.c.due_at).limit(limit)
    ids = list((await work.session.execute(due.with_for_update(skip_locked=True))).scalars())
    if not ids:
        return []
    until = work.now + timedelta(seconds=work.settings.lease_seconds)
    leased = update(table).where(table.c.id.in_(ids)).returning(table)
    return (await work.session.execute(leased.values(due_at=until, attempts=table.c.attempts + 1))).all()


class Lease:
    """Mails that were leased together, renewed for as long as they are worked on. One whose lease somebody
    else has by now is not begun, and only what is still ours is settled."""

    def __init__(self, running: Running[Any], table: Table, rows: Sequence[Row], loop: str) -> None:
        """`rows` have `id`, and as `due_at` the end of their lease. A renewal is a sign of life of `loop`."""
        self._running, self._table, self._rows, self._loop = running, table, rows, loop
        self._until: datetime | None = rows[0].due_at if rows else None
        self._renewed = time.monotonic()
        self._ours = {row.id for row in rows}
        self._renewing = asyncio.Lock()

    async def each(self, send: Callable[[Row], Awaitable[R]]) -> list[tuple[Row, R]]:
        """What became of each mail that was begun; as many at once as there are connections to the server."""
        slots = asyncio.Semaphore(self._running.settings.smtp_connections)

        async def one(row: Row) -> list[tuple[Row, R]]:
            async with slots:
                if time.monotonic() - self._renewed > self._seconds / 2:
                    await self._renew()  # this process may have stood still
                return [(row, await send(row))] if row.id in self._ours else []

        keeper = asyncio.create_task(self._keep())
        try:
            found = await asyncio.gather(*(one(row) for row in self._rows))
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        return [each for some in found for each in some]

    async def still_ours(self, work: Work[Any], ids: Iterable[UUID]) -> set[UUID]:
        """Which of them may be settled in this transaction."""
        mine = (one_of(work.session, self._table.c.id, list(ids)), *self._mine())
        return set(await work.session.scalars(select(self._table.c.id).where(*mine).with_for_update()))

    @property
    def _seconds(self) -> float:
        return self._running.settings.lease_seconds

    def _mine(self) -> tuple[ColumnElement[bool], ...]:
        return self._table.c.state == "waiting", self._table.c.due_at == self._until

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / 3)
            try:
                await self._renew()
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("lease_not_renewed", loop=self._loop, error=type(error).__name__)

    async def _renew(self) -> None:
        async with self._renewing, self._running.work() as work:
            ours = await self.still_ours(work, self._ours)
            until = work.now + timedelta(seconds=self._seconds)
            these = one_of(work.session, self._table.c.id, list(ours))
            await work.session.execute(update(self._table).where(these).values(due_at=until))
        if len(ours) < len(self._ours):
            log.warning("mail_lease_lost", loop=self._loop, mails=len(self._ours) - len(ours))
        self._ours, self._until, self._renewed = ours, until, time.monotonic()
        self._running.beat(self._loop)


async def settle(
    work: Work[Any],
    table: Table,
    row: Row,
    state: str,
    answer: str | None,
    *,
    give_up_hours: float,
    **over: Any,
) -> None:
    """`waiting` is tried again later, until the mail is older than `give_up_hours` and `failed`. Every other
    state is for good, and the columns of `over` are written with it. The mail is still ours."""
    if state == "waiting" and work.now - row.created_at > timedelta(hours=give_up_hours):
        state = "failed"
    values: dict[str, Any] = {"state": state, "answer": answer}
    if state == "waiting":
        values["due_at"] = work.now + next_try(row.attempts)
    else:
        values |= {**over, "settled_at": work.now}
    await work.session.execute(update(table).where(table.c.id == row.id).values(values))


async def outcome(
    id: UUID, sending: Awaitable[None], refuses: tuple[type[Exception], ...] = ()
) -> tuple[str, str | None]:
    """The mail's next state, and what the server said. `refuses` are errors whose words a person may read."""
    try:
        await sending
    except MailRefused as refused:
        log.warning("mail_refused", mail=str(id), said=str(refused), permanent=refused.permanent)
        return "failed" if refused.permanent else "waiting", str(refused)
    except (OSError, TimeoutError) as error:
        log.warning("mail_failed", mail=str(id), error=type(error).__name__)
        return "waiting", "The mail server cannot be reached: check the company's mail server."
    except DBAPIError as error:
        log.warning("mail_unread", mail=str(id), error=type(error).__name__)
        return "waiting", "The database did not answer."
    except refuses as error:
        log.warning("mail_impossible", mail=str(id), error=type(error).__name__)
        return "failed", str(error)[:300]
    except Exception as error:
        # whatever is wrong with this one, its neighbours go out
        log.exception("mail_impossible", mail=str(id))
        return "failed", f"It cannot be written ({type(error).__name__})."
    return "sent", None


def _due(table: Table, now: Any) -> tuple[ColumnElement[bool], ...]:
    return table.c.state == "waiting", table.c.due_at <= now
