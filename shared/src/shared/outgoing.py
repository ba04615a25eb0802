"""One round of the relay: what it has leased goes to the bus, batch by batch, in order for each subject."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import update

from shared.bus import BusDown
from shared.db import utcnow
from shared.failures import is_outage
from shared.tables import outbox
from shared.telemetry import PUBLISHED
from shared.wire import NAME_LENGTH, complaint, label, plain, read_one

if TYPE_CHECKING:
    from shared.service import Running

log = structlog.get_logger()

BATCH = 250
PUBLISH_SECONDS = 20.0
TRIES = 5  # of a row that the bus refuses although it is there


class Row:
    """A row of the outbox. `wrong` says why it is no event; empty where it is one."""

    def __init__(self, seq: int, name: str, body: str, attempts: int, refusals: int) -> None:
        self.seq, self.name, self.body = seq, name, body
        self.attempts, self.refusals = attempts, refusals
        found = read_one(body)
        self.id, said = label(found)
        subject = found.get("subject") if isinstance(found, dict) else None
        self.subject: str | None = subject if isinstance(subject, str) else None
        own = found.get("installation", "") if isinstance(found, dict) else ""
        self.wrong = complaint(found, own if isinstance(own, str) else "")
        if not self.wrong and said != name:
            self.wrong = f"it says that it is {said}"

    def parked(self, reason: str) -> dict[str, Any]:
        row = {"id": self.id, "name": self.name[:NAME_LENGTH], "subject": self.subject}
        return {**row, "body": self.body, "reason": plain(reason)[:2000]}


@dataclass(frozen=True)
class Refused:
    """The bus is there and said why it does not take this."""

    reason: str


class LeaseLost(Exception):
    """Another relay has these rows now."""


class Round:
    """`sent`: numbers of rows that are out. `held`: rows that go again later. `aside`: rows to park, why, and
    whether for their own sake. `refused`: a row that has tries left."""

    def __init__(self, running: "Running[Any]", rows: list[Row], until: datetime, stuck: set[str]) -> None:
        self._running = running
        self._rows = rows
        self._leased = time.monotonic()
        self.first, self.until, self.stuck = rows[0].seq, until, stuck
        self.sent: list[int] = []
        self.held: list[Row] = []
        self.aside: list[tuple[Row, str, bool]] = []
        self.refused: Row | None = None

    async def publish(self) -> None:
        waiting = list(in_order(self._rows))
        try:
            while waiting and await self._send(waiting[0]):
                waiting.pop(0)
        except LeaseLost:
            log.warning("outbox_lease_lost", service=self._running.name)
        done = {*self.sent, *(row.seq for row, _, _ in self.aside)}
        self.held = [row for row in self._rows if row.seq not in done]

    async def _send(self, batch: Sequence[Row]) -> bool:
        """Whether the round may go on."""
        going = [row for row in batch if not self._stands_aside(row)]
        if not going:
            return True
        said = await self._publish(going)
        if isinstance(said, Refused) and len(going) > 1:
            # which of them it is, each shows alone
            for row in going:
                if not self._stands_aside(row) and not self._is_over(row, await self._publish([row])):
                    return False
            return True
        return all(self._is_over(row, said) for row in going)

    def _stands_aside(self, row: Row) -> bool:
        if row.subject in self.stuck:
            self.aside.append(
                (row, "It waits behind one of the same subject that the bus does not take.", False)
            )
        elif row.wrong:
            self._park(row, f"This is no event: {row.wrong}.")
        else:
            return False
        return True

    def _is_over(self, row: Row, said: Refused | bool) -> bool:
        if said is True:
            self.sent.append(row.seq)
        elif isinstance(said, Refused):
            row.refusals += 1
            if row.refusals < TRIES:
                self.refused = row
                return False
            self._park(row, said.reason)
        return said is not False

    def _park(self, row: Row, reason: str) -> None:
        self.aside.append((row, reason, True))
        if row.subject is not None:
            self.stuck.add(row.subject)

    async def _publish(self, batch: Sequence[Row]) -> Refused | bool:
        """Publishes in a task of its own: a broker that stalls ends the await with a CancelledError, which
        must not end the relay. False: the bus is away. Raises LeaseLost."""
        running, name = self._running, batch[0].name
        body = "[" + ",".join(row.body for row in batch) + "]"
        await self._keep_lease()
        task = asyncio.create_task(running.bus.publish(name, body.encode(), running.name))
        try:
            end = time.monotonic() + PUBLISH_SECONDS
            while not task.done() and (left := end - time.monotonic()) > 0:
                await asyncio.wait({task}, timeout=min(left, running.settings.lease_seconds / 3))
                await self._keep_lease()
        finally:
            task.cancel()
        if not task.done() or task.cancelled():
            log.warning("publish_timed_out", service=running.name, name=name)
            return False
        error = task.exception()
        if error is None:
            PUBLISHED.labels(running.name, name).inc(len(batch))
            return True
        if isinstance(error, BusDown) or is_outage(error):
            return False
        log.error("publish_failed", service=running.name, name=name, error=repr(error))
        return Refused(f"{type(error).__name__}: {error}")

    async def _keep_lease(self) -> None:
        lease = self._running.settings.lease_seconds
        if time.monotonic() - self._leased < lease / 3:
            return
        until = utcnow() + timedelta(seconds=lease)
        mine = (outbox.c.seq == self.first, outbox.c.due_at == self.until)
        async with self._running.database.transaction() as session:
            renewed = update(outbox).where(*mine).values(due_at=until).returning(outbox.c.seq)
            if await session.scalar(renewed) is None:
                raise LeaseLost
        self.until, self._leased = until, time.monotonic()


def in_order(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Batches of one event name each, in which no row comes before an earlier one of its subject."""
    batches: list[list[Row]] = []
    open_batch: dict[str, int] = {}  # by the event's name
    latest: dict[str | None, int] = {}  # the last batch that holds something of a subject
    for row in rows:
        place = open_batch.get(row.name, -1)
        if place < latest.get(row.subject, 0) or len(batches[place]) >= BATCH:
            place = open_batch[row.name] = len(batches)
            batches.append([])
        batches[place].append(row)
        latest[row.subject] = place
    return iter(batches)
