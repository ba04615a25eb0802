"""One connection to a mail server: encrypted when asked, read in large pieces, never used after an error."""

import asyncio
import ssl
from typing import cast

from mail_ingest.mailbox.values import Code, Item, MailboxError, MailboxSettings, Step

MAX_LINE = 65536
HIGH_WATER = 4_000_000  # bytes; above it the server waits until the caller has caught up


class Connection(asyncio.Protocol):
    """Bytes in `buffer`, taken from its front. Every error ends the connection: a conversation that is out
    of step would read mail as answers. `step` names what is being done, for the errors."""

    def __init__(self, settings: MailboxSettings) -> None:
        self.settings = settings
        self.buffer = bytearray()
        self.step = "connect"
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        elif len(self.buffer) > HIGH_WATER and self._transport is not None:
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def fail(self, code: Code, message: str, *, item: Item | None = None) -> MailboxError:
        """End the connection; the error to raise."""
        self.abort()
        return MailboxError(code, message, step=self.step, item=item)

    def abort(self) -> None:
        """Drop the connection as it is: nothing that was not committed happens on the server."""
        self._ended = True
        if self._transport is not None:
            self._transport.abort()

    def write(self, data: bytes) -> None:
        if self._ended or self._transport is None:
            raise self.fail("cut", f"{self.settings.host} has closed the connection.")
        self._transport.write(data)

    async def more(self) -> None:
        """Wait until the buffer has grown."""
        if self._ended or self._transport is None:
            raise self.fail("cut", f"{self.settings.host} closed the connection. The next poll tries again.")
        before = len(self.buffer)
        self._transport.resume_reading()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self.settings.timeout):
                await self._waiter
        except TimeoutError:
            raise self.fail("timeout", self._silence()) from None
        finally:
            self._waiter = None
        if len(self.buffer) == before:
            raise self.fail("cut", f"{self.settings.host} closed the connection. The next poll tries again.")

    async def line(self) -> bytes:
        """The next line without its CRLF."""
        buffer, looked = self.buffer, 0
        while (end := buffer.find(b"\r\n", looked)) < 0:
            if len(buffer) > MAX_LINE:
                raise self.fail("protocol", "The server sent an endless line instead of an answer.")
            looked = max(0, len(buffer) - 1)
            await self.more()
        line = bytes(buffer[:end])
        del buffer[: end + 2]
        return line

    async def exactly(self, count: int) -> bytes:
        buffer = self.buffer
        while len(buffer) < count:
            await self.more()
        return self.take(count)

    def take(self, count: int) -> bytes:
        """Remove `count` bytes, which are there, from the front of the buffer."""
        with memoryview(self.buffer) as view:
            taken = bytes(view[:count])
        del self.buffer[:count]
        return taken

    async def start_tls(self) -> Step:
        """Encrypt from here on. Anything that came before is an injection and ends the connection."""
        self.step = "tls"
        settings = self.settings
        context = await asyncio.to_thread(self._context)
        if self.buffer and settings.security == "ssl":
            raise self.fail("tls", not_ssl(settings, "it speaks first"))
        if self.buffer:
            raise self.fail(
                "tls", "The server sent data ahead of the encryption: somebody may be in between."
            )
        if self._ended or self._transport is None:
            raise self.fail("cut", f"{settings.host} closed the connection before the encryption.")
        raw, self._transport = self._transport, None
        try:
            encrypted = await asyncio.get_running_loop().start_tls(
                raw,
                self,
                context,
                server_hostname=settings.host,
                ssl_handshake_timeout=settings.timeout,
            )
        except (OSError, TimeoutError) as error:
            raw.abort()
            raise self.fail("tls", tls_message(error, settings)) from error
        except BaseException:
            raw.abort()
            raise
        if encrypted is None:
            raise self.fail("cut", f"{settings.host} closed the connection during the encryption.")
        self._transport = encrypted
        version = cast("ssl.SSLObject", encrypted.get_extra_info("ssl_object")).version()
        return Step("tls", True, f"{version}, certificate valid for {settings.host}")

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.settings.ca_file:
            try:
                context.load_verify_locations(self.settings.ca_file)
            except (OSError, ssl.SSLError) as error:
                message = f"The CA file {self.settings.ca_file} cannot be read as PEM: {error}."
                raise self.fail("settings", message) from error
        return context

    def _silence(self) -> str:
        text = f"{self.settings.host}:{self.settings.port} was silent for {self.settings.timeout:g} s."
        if self.step == "greeting" and self.settings.security != "ssl":
            text += " A server that expects SSL on this port stays silent: try security SSL."
        return text


def tls_message(error: Exception, settings: MailboxSettings) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"The certificate of {settings.host} was refused: {error.verify_message}. Use the server name"
            " that the certificate was made for, or name the authority that signed it as CA file."
        )
    if settings.security == "ssl" and isinstance(error, ssl.SSLError):
        return not_ssl(settings, error.reason or str(error))
    return f"The encryption with {settings.host} failed: {error or type(error).__name__}. TLS 1.2 is needed."


def not_ssl(settings: MailboxSettings, reason: str) -> str:
    return (
        f"{settings.host} does not speak SSL on port {settings.port} ({reason}). Choose STARTTLS, or the port"
        " for SSL: 995 for POP3, 993 for IMAP."
    )
