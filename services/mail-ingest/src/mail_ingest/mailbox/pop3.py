"""POP3 (RFC 1939), with CAPA and PIPELINING (RFC 2449), STLS (RFC 2595) and response codes (RFC 3206).

Reads lines of any length, which Python's poplib does not. POP3's answers carry no names, so a mail with a
dot that the server failed to escape would pass the rest of its text off as the server's next answer, and
that as another mail. Therefore mails are read in groups, and behind each group the size of a randomly chosen
mail is asked for, which no mail can know."""

import secrets
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence

from mail_ingest.mailbox.connection import Connection
from mail_ingest.mailbox.multiline import read_text
from mail_ingest.mailbox.pop3_login import log_in
from mail_ingest.mailbox.values import (
    Item,
    Mail,
    MailboxError,
    MailboxSettings,
    Step,
    oversize,
    printable,
    short,
    too_short,
)

WINDOW = 200  # DELEs under way at once
GROUP_MAILS = 50
GROUP_BYTES = 4_000_000
MAX_LISTING = 64_000_000  # bytes: about a million mails


async def open_session(settings: MailboxSettings, steps: list[Step]) -> "Pop3Session":
    """Connect and log in, adding each step that succeeded to `steps`. Raises MailboxError."""
    connection = await log_in(settings, steps)
    try:
        return Pop3Session(connection, pipelining=b"PIPELINING" in await _capabilities(connection))
    except BaseException:
        connection.abort()
        raise


class Pop3Session:
    """A mailbox after login. Not for use by two tasks at once."""

    def __init__(self, connection: Connection, *, pipelining: bool) -> None:
        self._connection = connection
        self._settings = connection.settings
        self.pipelining = pipelining

    async def list(self) -> list[Item]:
        """All mails, oldest first."""
        self._connection.step = "list"
        sizes = await self._listing(b"LIST", required=True)
        uids = await self._listing(b"UIDL", required=False)
        items: list[Item] = []
        for number, size in sizes.items():
            if not size.isdigit():
                raise self._connection.fail("protocol", "The server's list of mails has no sizes.")
            items.append(Item(uids.get(number, b"").decode("ascii", "backslashreplace"), int(size), number))
        return items

    async def fetch(self, items: Sequence[Item]) -> AsyncGenerator[Mail]:
        """The mails in the order of `items`, in groups: each is handed out once the answers are known to be
        in step. A caller that stops early loses the connection. Raises MailboxError; its `item`, if any, is
        the mail at which the answers fell out of step."""
        connection = self._connection
        connection.step = "fetch"
        wanted = [item for item in items if item.size <= self._settings.max_bytes]
        for item in items:
            if item.size > self._settings.max_bytes:
                yield Mail(item, b"", oversize(item, self._settings))
        groups = [(group, secrets.choice(wanted)) for group in grouped(wanted)]
        complete = False
        try:
            if self.pipelining and groups:
                connection.write(_requests(*groups[0]))
            for number, (group, witness) in enumerate(groups, 1):
                if self.pipelining and number < len(groups):
                    connection.write(_requests(*groups[number]))
                for mail in await self._group(group, witness):
                    yield mail
            complete = True
        finally:
            if not complete:
                connection.abort()

    async def delete(self, items: Sequence[Item]) -> Sequence[Item]:
        """Mark for deletion at commit. Returns those that the server would not mark."""
        connection = self._connection
        connection.step = "delete"
        refused: list[Item] = []
        under_way: deque[Item] = deque()
        width = WINDOW if self.pipelining else 1
        for start in range(0, len(items), width):
            under_way.extend(items[start : start + width])
            connection.write(b"".join(b"DELE %d\r\n" % item.number for item in under_way))
            while under_way:
                item = under_way.popleft()
                if not (await self._status()).startswith(b"+OK"):
                    refused.append(item)
        return refused

    async def commit(self) -> None:
        """End the session; the server now deletes what was marked. When this raises, it is unknown whether
        it did: the mails may or may not be there in the next session."""
        connection = self._connection
        connection.step = "commit"
        connection.write(b"QUIT\r\n")
        answer = await self._status()
        if not answer.startswith(b"+OK"):
            raise connection.fail("server", f"The server did not delete all mails: {self._said(answer)}")
        connection.abort()

    async def close(self) -> None:
        """Drop the connection without QUIT: nothing is deleted. Does no harm after commit."""
        self._connection.abort()

    async def _group(self, group: Sequence[Item], witness: Item) -> Sequence[Mail]:
        """The mails of a group, after the witness has shown that every answer belongs to its question."""
        connection = self._connection
        mails: deque[Mail] = deque()
        for item in group:
            if not self.pipelining:
                connection.write(b"RETR %d\r\n" % item.number)
            answer = await self._status(mails)
            mails.append(await self._mail(item, answer))
        if not self.pipelining:
            connection.write(b"LIST %d\r\n" % witness.number)
        answer = await self._status(mails)
        if answer.split()[1:3] != [b"%d" % witness.number, b"%d" % witness.size]:
            raise self._out_of_step(mails)
        return mails

    async def _mail(self, item: Item, answer: bytes) -> Mail:
        if answer.startswith(b"-ERR"):
            message = f"The server did not hand out the mail: {self._said(answer)}"
            return Mail(item, b"", MailboxError("refused", message, step="fetch", item=item))
        raw = await read_text(self._connection, limit=self._settings.max_bytes * 2, item=item)
        return Mail(item, raw, short(item, len(raw)) if too_short(item, len(raw)) else None)

    async def _status(self, before: Sequence[Mail] = ()) -> bytes:
        answer = await self._connection.line()
        if not answer.startswith((b"+OK", b"-ERR")):
            raise self._out_of_step(before)
        return answer

    def _out_of_step(self, before: Sequence[Mail]) -> MailboxError:
        # The answer is not shown: it may be a piece of somebody's mail.
        message = "The server's answers are out of step: it may have failed to escape a dot in a mail."
        return self._connection.fail("protocol", message, item=suspect(before))

    async def _listing(self, command: bytes, *, required: bool) -> dict[int, bytes]:
        connection = self._connection
        connection.write(command + b"\r\n")
        answer = await self._status()
        if answer.startswith(b"-ERR"):
            if not required:
                return {}
            raise connection.fail("server", f"The server does not list its mails: {self._said(answer)}")
        entries: dict[int, bytes] = {}
        for line in (await read_text(connection, limit=MAX_LISTING)).splitlines():
            number, _, value = line.partition(b" ")
            if not number.isdigit():
                raise connection.fail("protocol", "The server's list of mails is not a list of numbers.")
            entries[int(number)] = value.strip().partition(b" ")[0]
        return entries

    def _said(self, answer: bytes) -> str:
        return printable(answer, self._settings.password.get_secret_value())


def grouped(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Up to GROUP_MAILS together, and no more than GROUP_BYTES unless it is a single mail."""
    start = size = 0
    for end, item in enumerate(items):
        size += item.size
        if end - start == GROUP_MAILS or (size > GROUP_BYTES and end > start):
            yield items[start:end]
            start, size = end, item.size
    if items:
        yield items[start:]


def suspect(mails: Sequence[Mail]) -> Item | None:
    """The mail that most likely broke the order of the answers: the one with most missing, or the last."""
    sent = [mail for mail in reversed(mails) if mail.error is None or mail.error.code == "short"]
    return max(sent, key=lambda mail: mail.item.size - len(mail.raw)).item if sent else None


def _requests(group: Sequence[Item], witness: Item) -> bytes:
    commands = [b"RETR %d\r\n" % item.number for item in group]
    return b"".join(commands) + b"LIST %d\r\n" % witness.number


async def _capabilities(connection: Connection) -> set[bytes]:
    """What the server can do after login; nothing when it does not know the question."""
    connection.write(b"CAPA\r\n")
    if not (await connection.line()).startswith(b"+OK"):
        return set()
    lines = (await read_text(connection, limit=65536)).upper().splitlines()
    return {line.split()[0] for line in lines if line.strip()}
