"""Reading mails over POP3, whose answers carry no names.

A mail with a dot that the server failed to escape would pass the rest of its text off as the server's next
answer, and that as another mail. Therefore mails are read in groups, and behind each group the size of a
randomly chosen mail is asked for, which no mail can know. A server that refuses the question, or says another
size than before, is asked for the whole list instead.
"""

import secrets
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence

from mail_ingest.mailbox.connection import Connection
from mail_ingest.mailbox.multiline import read_text
from mail_ingest.mailbox.pop3_wire import listing, out_of_step, said, status, suspect
from mail_ingest.mailbox.values import Item, Mail, MailboxError, short, too_short

GROUP_MAILS = 50
GROUP_BYTES = 4_000_000


class Fetching:
    """One fetch. `listed` are the sizes by number as the server announced them."""

    def __init__(self, connection: Connection, listed: Mapping[int, int], *, pipelining: bool) -> None:
        self._connection = connection
        self._settings = connection.settings
        self._pipelining = pipelining
        self._listed = listed
        self._received: dict[int, int] = {}
        self._at: Item | None = None
        self._whole: list[Mail] = []  # come whole, and nothing vouches for them yet

    async def run(self, wanted: Sequence[Item]) -> AsyncGenerator[Mail]:
        """The mails, each once it is known that the answers are in step. Raises MailboxError."""
        complete = False
        try:
            async for mail in self._mails(wanted):
                yield mail
            complete = True
        except MailboxError as error:
            error.item = error.item or (suspect(self._whole) if error.code == "protocol" else self._at)
            error.unsure = tuple(mail for mail in self._whole if mail.error is None)
            raise
        finally:
            if not complete:
                self._connection.abort()

    async def _mails(self, wanted: Sequence[Item]) -> AsyncGenerator[Mail]:
        most = 1 if self._settings.careful else GROUP_MAILS
        groups = deque((group, secrets.choice(wanted)) for group in grouped(wanted, most))
        asked: deque[tuple[Sequence[Item], Item]] = deque()
        vouched = True
        while groups or asked:
            while groups and vouched and len(asked) < (2 if self._pipelining else 1):
                asked.append(groups.popleft())
                if self._pipelining:
                    self._connection.write(_requests(*asked[-1]))
            vouched &= await self._group(*asked.popleft())
            if not vouched:
                if asked:
                    continue  # what was asked for is on its way, and may have left the mailbox
                await self._check_list()
                vouched, self._pipelining = True, False
            for mail in self._whole:
                yield mail
            self._whole.clear()

    async def _group(self, group: Sequence[Item], witness: Item) -> bool:
        """Reads a group. True when the witness has shown that every answer belongs to its question; False
        when it says nothing about that."""
        connection = self._connection
        for item in group:
            self._at = item
            if not self._pipelining:
                connection.write(b"RETR %d\r\n" % item.number)
            self._whole.append(await self._mail(item, await status(connection, self._whole)))
        if not self._pipelining:
            connection.write(b"LIST %d\r\n" % witness.number)
        answer = await status(connection, self._whole)
        if answer.startswith(b"-ERR"):
            return False
        number, size = (*answer.split()[1:3], b"", b"")[:2]
        if number != b"%d" % witness.number or not size.isdigit():
            raise out_of_step(connection, self._whole)
        return self._is_size_of(witness.number, int(size))

    async def _mail(self, item: Item, answer: bytes) -> Mail:
        if answer.startswith(b"-ERR"):
            message = f"The server did not hand out the mail: {said(self._connection, answer)}"
            return Mail(item, b"", MailboxError("refused", message, step="fetch", item=item))
        raw = await read_text(self._connection, limit=self._settings.max_bytes * 2, item=item)
        self._received[item.number] = len(raw)
        return Mail(item, raw, short(item, len(raw)) if too_short(item, len(raw)) else None)

    def _is_size_of(self, number: int, size: int) -> bool:
        """Some estimate the size, until they had to look into the mail to send it."""
        return size in (self._listed.get(number), self._received.get(number))

    async def _check_list(self) -> None:
        """Asks for the whole list again. What was read may be gone from it: some servers delete at once."""
        sizes = await listing(self._connection, b"LIST", required=True)
        same = all(size.isdigit() and self._is_size_of(number, int(size)) for number, size in sizes.items())
        gone = self._listed.keys() - sizes.keys()
        if not same or gone - self._received.keys() or self._connection.buffer:
            raise out_of_step(self._connection, self._whole)


def grouped(items: Sequence[Item], most: int = GROUP_MAILS) -> Iterator[Sequence[Item]]:
    """Up to `most` together, and no more than GROUP_BYTES unless it is a single mail."""
    start = size = 0
    for end, item in enumerate(items):
        size += item.size
        if end - start == most or (size > GROUP_BYTES and end > start):
            yield items[start:end]
            start, size = end, item.size
    if items:
        yield items[start:]


def _requests(group: Sequence[Item], witness: Item) -> bytes:
    commands = [b"RETR %d\r\n" % item.number for item in group]
    return b"".join(commands) + b"LIST %d\r\n" % witness.number
