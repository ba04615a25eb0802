"""POP3's answers: their status, their lists, and what it means when one belongs to no question."""

from collections.abc import Sequence

from mail_ingest.mailbox.connection import Connection
from mail_ingest.mailbox.multiline import read_text
from mail_ingest.mailbox.values import Item, Mail, MailboxError, printable

MAX_LISTING = 64_000_000  # bytes: about a million mails


async def status(connection: Connection, before: Sequence[Mail] = ()) -> bytes:
    """The next answer's first line. `before` are the mails read before, one of which may have broken off."""
    answer = await connection.line()
    if not answer.startswith((b"+OK", b"-ERR")):
        raise out_of_step(connection, before)
    return answer


def out_of_step(connection: Connection, before: Sequence[Mail]) -> MailboxError:
    # The answer is not shown: it may be a piece of somebody's mail.
    message = "The server's answers are out of step: it may have failed to escape a dot in a mail."
    return connection.fail("protocol", message, item=suspect(before))


def suspect(mails: Sequence[Mail]) -> Item | None:
    """The mail that most likely broke the order of the answers: the one with most missing, or the last."""
    sent = [mail for mail in reversed(mails) if mail.error is None or mail.error.code == "short"]
    return max(sent, key=lambda mail: mail.item.size - len(mail.raw)).item if sent else None


async def listing(connection: Connection, command: bytes, *, required: bool) -> dict[int, bytes]:
    """The second word of each line by its number; nothing where the server need not know the command."""
    connection.write(command + b"\r\n")
    answer = await status(connection)
    if answer.startswith(b"-ERR"):
        if not required:
            return {}
        raise connection.fail("server", f"The server does not list its mails: {said(connection, answer)}")
    entries: dict[int, bytes] = {}
    for line in (await read_text(connection, limit=MAX_LISTING)).splitlines():
        number, _, value = line.partition(b" ")
        if not number.isdigit():
            raise connection.fail("protocol", "The server's list of mails is not a list of numbers.")
        entries[int(number)] = value.strip().partition(b" ")[0]
    return entries


def said(connection: Connection, answer: bytes) -> str:
    return printable(answer, connection.settings.password.get_secret_value())
