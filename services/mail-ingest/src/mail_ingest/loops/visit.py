"""One visit to a mailbox: store, commit, delete, and only then let the server forget."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from shared.db import Row
from shared.fault import fault
from shared.service import Running

from mail_ingest import queries
from mail_ingest.flows import intake
from mail_ingest.flows.staying import settle_visit, store_unsure
from mail_ingest.mailbox import Item, Mail, MailboxError, open_mailbox
from mail_ingest.portion import BYTES, portion
from mail_ingest.tools import Tools, mailbox_settings

UNREAD_LIMIT = 1000  # stored mails waiting in memory before a visit waits for the reader
UNREAD_BYTES = 4 * BYTES
LOOKED_AT_AGAIN = 200_000  # bytes a visit, of mails that lie there and were read: their uids may be others'
MOST_ODD = 20  # mails that may break their session before the visit gives up


@dataclass
class Visited:
    """What a visit found. `more` waits for the next; `stays` says of each mail that did not come why."""

    more: bool = False
    stays: list[MailboxError] = field(default_factory=list[MailboxError])
    kept: int = 0

    def error(self) -> str | None:
        said: list[str] = []
        if self.kept:
            said.append(
                f"The mail server confirms that it deletes mails and keeps them: {self.kept} of them still "
                "lie in the mailbox. Each counts once. Ask the provider why they are not deleted."
            )
        if len(self.stays) > 1:
            said.append(f"{len(self.stays)} mails stay in the mailbox.")
        said += [f"{_name(each.item)}{each}" for each in self.stays]
        return " ".join(said) or None


def _name(item: Item | None) -> str:
    if item is None:
        return ""
    return f"Mail {item.number}{f' ({item.uid})' if item.uid else ''}: "


async def visit(running: Running[Tools], box: Row) -> Visited:
    """Reads what is new. A mail that breaks its session is read alone, after all others. Raises MailboxError
    where none can be had."""
    lying = await queries.lying(running, box)
    odd = running.tools.odd.setdefault(box.id, set())
    visited = Visited()
    listed: set[str] = set()
    found: list[Item] = []
    limit = running.settings.session_mails

    def new(items: Sequence[Item]) -> list[Item]:
        # a server without UIDL names no mail, so its mails are told apart by their bytes alone
        listed.clear()
        listed.update(item.uid for item in items)
        found[:] = [item for item in items if not item.uid or (item.uid, item.size) not in lying]
        again = [item for item in items if item.uid and (item.uid, item.size) in lying]
        wanted = [item for item in found if item.uid not in odd][:limit]
        return [*_some(running, box, again), *wanted]

    careful = False
    while True:
        visited.stays.clear()
        try:
            await _session(running, box, new, visited.stays, careful=careful)
            break
        except MailboxError as failure:
            if failure.item is None or not failure.item.uid or len(odd) >= MOST_ODD:
                raise
            if careful or failure.code != "protocol":
                odd.add(failure.item.uid)
            careful = True
    for uid in [item.uid for item in found if item.uid in odd]:
        await _alone(running, box, uid, visited.stays)
    visited.kept = await _settle(running, box, listed)
    visited.more = len(found) > limit
    return visited


async def _alone(running: Running[Tools], box: Row, uid: str, stays: list[MailboxError]) -> None:
    """It holds up neither its neighbours nor another one of its kind."""
    before = len(stays)
    try:
        await _session(running, box, lambda items: [item for item in items if item.uid == uid], stays)
    except MailboxError as failure:
        if failure.item is None:
            raise
        stays.append(failure)
    if len(stays) == before:
        running.tools.odd[box.id].discard(uid)


def _some(running: Running[Tools], box: Row, items: Sequence[Item]) -> list[Item]:
    """The next few of the mails that were read and lie there, in turn: a uid may have become another mail's,
    and what the server did not delete is deleted once more."""
    if not items:
        return []
    start = running.tools.looked_at.get(box.id, 0) % len(items)
    turned = [*items[start:], *items[:start]]
    size, chosen = 0, list[Item]()
    for item in turned:
        size += item.size
        if chosen and size > LOOKED_AT_AGAIN:
            break
        chosen.append(item)
    running.tools.looked_at[box.id] = start + len(chosen)
    return sorted(chosen, key=lambda item: item.number)


async def _settle(running: Running[Tools], box: Row, listed: set[str]) -> int:
    if not await queries.leaves_something(running, box):
        return 0
    async with running.work() as work:
        await intake.keep_lease(work, box)
        return await settle_visit(work, box, listed)


async def _session(
    running: Running[Tools],
    box: Row,
    choose: Callable[[Sequence[Item]], list[Item]],
    stays: list[MailboxError],
    *,
    careful: bool = False,
) -> None:
    """One session: store each batch, commit, delete what may go, and end it."""
    log = intake.Session(box)
    gone: list[UUID] = []
    settings = mailbox_settings(box, running.settings).model_copy(update={"careful": careful})
    async with open_mailbox(settings) as session:
        for items in _batches(choose(await session.list()), running.settings.poll_batch):
            batch, broke = await _fetch(running, box, session.fetch(items), stays)
            fault("after_retr")
            async with running.work() as work:
                stored = await intake.store(work, log, batch)
            fault("after_store")
            running.tools.fresh += [(mail.mail_id, mail.raw) for mail in stored if mail.fresh]
            running.wake("read")
            if broke is not None:
                async with running.work() as work:
                    await store_unsure(work, log, broke)
                raise broke
            leaving = [(got.item, mail) for got, mail in zip(batch, stored, strict=True) if mail.expired]
            fault("before_dele")
            refused = await session.delete([item for item, _ in leaving])
            gone += [mail.mail_id for item, mail in leaving if item not in refused and not mail.kept]
            await _let_reader_catch_up(running)
        fault("after_dele")
        async with running.work() as work:
            await intake.keep_lease(work, box)
        fault("before_quit")
        await session.commit()
        fault("after_quit")
    if gone:
        async with running.work() as work:
            await intake.keep_lease(
                work, box
            )  # without it, another visit may have read them before they went
            await intake.mark_deleted(work, gone)


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Groups of at most `size` mails. Each is fetched, stored and marked for deletion before the next is
    asked for: a session's commands must not overlap."""
    while batch := portion(items, size, lambda item: item.size):
        yield batch
        items = items[len(batch) :]


async def _fetch(
    running: Running[Tools], box: Row, fetched: AsyncIterator[Mail], stays: list[MailboxError]
) -> tuple[list[Mail], MailboxError | None]:
    """The mails that came whole, and what broke the session, if anything did: what came before is stored."""
    batch: list[Mail] = []
    try:
        async for mail in fetched:
            if mail.error is None or _came_so_again(running, box, mail):
                batch.append(mail)
            else:
                stays.append(mail.error)
    except MailboxError as failure:
        return batch, failure
    return batch, None


def _came_so_again(running: Running[Tools], box: Row, mail: Mail) -> bool:
    """Whether a mail of which next to nothing came is all that there is: its bytes are those of last time."""
    if mail.error is None or mail.error.code != "short":
        return False
    place, now = (box.id, mail.item.uid or str(mail.item.number)), hashlib.sha256(mail.raw).digest()
    before = running.tools.short.get(place)
    running.tools.short[place] = now
    return before == now


async def _let_reader_catch_up(running: Running[Tools]) -> None:
    fresh = running.tools.fresh
    while len(fresh) > UNREAD_LIMIT or sum(len(raw) for _, raw in fresh) > UNREAD_BYTES:
        if running.stopping.is_set():
            return
        await running.pause(0.05, "poll waits")
        fresh = running.tools.fresh
