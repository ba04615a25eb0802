"""IMAP commands and responses (RFC 9051) over a connection."""

import itertools
import re
from base64 import b64encode
from collections.abc import AsyncGenerator
from typing import NamedTuple

from mail_ingest.mailbox.connection import Connection
from mail_ingest.mailbox.values import Code, printable

LITERAL = re.compile(rb"\{(\d+)\}$")
FETCHED = re.compile(rb"\A\* \d+ FETCH ", re.IGNORECASE)


class Response(NamedTuple):
    """An untagged response: its text, in which each literal is left as {count}, and the literals."""

    text: bytes
    literals: tuple[bytes, ...]


class Wire:
    """Sends commands, each under a tag of its own, and reads what comes back."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._tags = itertools.count(1)

    def tag(self) -> bytes:
        return b"c%d" % next(self._tags)

    async def run(self, command: bytes, *, code: Code = "server", advice: str = "") -> list[Response]:
        """Send a command; all its untagged responses."""
        return [response async for response in self.stream(command, code=code, advice=advice)]

    async def stream(
        self, command: bytes, *, code: Code = "server", advice: str = ""
    ) -> AsyncGenerator[Response]:
        """The same, one by one. Raises MailboxError with `code` and `advice` when the server refuses."""
        connection, tag = self.connection, self.tag()
        connection.write(tag + b" " + command + b"\r\n")
        while True:
            response = await self._response()
            text = response.text
            if text.startswith(b"* "):
                if text.upper().startswith(b"* BYE") and command != b"LOGOUT":
                    raise connection.fail("server", f"The server ended the session: {self.said(text)}")
                yield response
            elif text.upper().startswith(tag.upper() + b" OK"):
                return
            elif text.startswith(tag + b" "):
                raise connection.fail(code, f"The server refused: {self.said(text)}. {advice}".strip())
            else:
                raise connection.fail("protocol", "The server's answer is not IMAP.")

    def said(self, answer: bytes) -> str:
        """An answer without its tag, fit to be shown."""
        secret = self.connection.settings.password.get_secret_value()
        return printable(answer.partition(b" ")[2], secret)

    async def _response(self) -> Response:
        """Only a FETCH is searched for literals: the free text of another response may end like one."""
        connection = self.connection
        text = await connection.line()
        literals: list[bytes] = []
        while FETCHED.match(text) and (found := LITERAL.search(text)):
            count = int(found[1])
            if count > connection.settings.max_bytes * 2:
                raise connection.fail("protocol", f"The server announced a mail of {count} bytes.")
            literals.append(await connection.exactly(count))
            text += b" " + await connection.line()
        return Response(text, tuple(literals))


def quoted_folder(name: str) -> bytes:
    """A folder's name in IMAP's own UTF-7 (RFC 3501 5.1.3), quoted."""

    def shifted(run: re.Match[str]) -> str:
        return "&" + b64encode(run[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"

    encoded = re.sub(r"[^\x20-\x7e]+", shifted, name.replace("&", "&-"))
    return b'"' + encoded.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'
