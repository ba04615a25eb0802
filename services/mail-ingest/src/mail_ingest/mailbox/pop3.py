"""POP3 (RFC 1939), with CAPA and PIPELINING (RFC 2449), STLS (RFC 2595) and response codes (RFC 3206).

Reads lines of any length, which Python's poplib does not."""

from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from mail_ingest.mailbox.connection import Connection
from mail_ingest.mailbox.multiline import read_text
from mail_ingest.mailbox.pop3_fetch import Fetching
from mail_ingest.mailbox.pop3_login import log_in
from mail_ingest.mailbox.pop3_wire import listing, said, status
from mail_ingest.mailbox.values import Item, Mail, MailboxSettings, Step, oversize

WINDOW = 200  # DELEs under way at once


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
        self.pipelining = pipelining and not connection.settings.careful
        self._listed: dict[int, int] = {}

    async def list(self) -> list[Item]:
        """All mails, oldest first."""
        self._connection.step = "list"
        sizes = await listing(self._connection, b"LIST", required=True)
        uids = await listing(self._connection, b"UIDL", required=False)
        items: list[Item] = []
        for number, size in sizes.items():
            if not size.isdigit():
                raise self._connection.fail("protocol", "The server's list of mails has no sizes.")
            items.append(Item(uids.get(number, b"").decode("ascii", "backslashreplace"), int(size), number))
        self._listed = {item.number: item.size for item in items}
        return items

    async def fetch(self, items: Sequence[Item]) -> AsyncGenerator[Mail]:
        """The mails in the order of `items`, in groups: each is handed out once the answers are known to be
        in step. A caller that stops early loses the connection. Raises MailboxError; its `item`, if any, is
        the mail at which it broke, and its `unsure` have come whole before that."""
        self._connection.step = "fetch"
        wanted = [item for item in items if item.size <= self._settings.max_bytes]
        for item in items:
            if item.size > self._settings.max_bytes:
                yield Mail(item, b"", oversize(item, self._settings))
        fetching = Fetching(self._connection, self._listed, pipelining=self.pipelining)
        async with aclosing(fetching.run(wanted)) as mails:
            async for mail in mails:
                yield mail

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
                if not (await status(connection)).startswith(b"+OK"):
                    refused.append(item)
        return refused

    async def commit(self) -> None:
        """End the session; the server now deletes what was marked. When this raises, it is unknown whether
        it did: the mails may or may not be there in the next session."""
        connection = self._connection
        connection.step = "commit"
        connection.write(b"QUIT\r\n")
        answer = await status(connection)
        if not answer.startswith(b"+OK"):
            message = f"The server did not delete all mails: {said(connection, answer)}"
            raise connection.fail("server", message)
        connection.abort()

    async def close(self) -> None:
        """Drop the connection without QUIT: nothing is deleted. Does no harm after commit."""
        self._connection.abort()


async def _capabilities(connection: Connection) -> set[bytes]:
    """What the server can do after login; nothing when it does not know the question."""
    connection.write(b"CAPA\r\n")
    if not (await connection.line()).startswith(b"+OK"):
        return set()
    lines = (await read_text(connection, limit=65536)).upper().splitlines()
    return {line.split()[0] for line in lines if line.strip()}
