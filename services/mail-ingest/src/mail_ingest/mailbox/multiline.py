"""POP3's multi-line answers (RFC 1939, 3): bytes to the lone dot, without its escapes."""

from mail_ingest.mailbox.connection import Connection
from mail_ingest.mailbox.values import Item


async def read_text(connection: Connection, *, limit: int, item: Item | None = None) -> bytes:
    """The lines of a multi-line answer up to its lone dot, unescaped. Only CR LF ends a line: a server that
    hands out a bare LF has not escaped the dot behind it. And only a doubled dot is an escape: Dovecot 2.3
    does not double one that a mail starts with."""
    buffer = connection.buffer
    looked = 0
    while not buffer.startswith(b".\r\n"):
        end = buffer.find(b"\r\n.\r\n", looked)
        if end >= 0:
            text = connection.take(end + 2)
            del buffer[:3]
            if text.startswith(b".."):
                text = text[1:]
            return text.replace(b"\r\n..", b"\r\n.") if b"\r\n.." in text else text
        if len(buffer) > limit:
            raise connection.fail("protocol", f"The server sent more than {limit} bytes.", item=item)
        looked = max(0, len(buffer) - 4)
        await connection.more()
    del buffer[:3]
    return b""
