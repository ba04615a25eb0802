"""Outgoing mail: a few connections kept open and reused, or a Maildir where no mail server is configured."""

import asyncio
import os
import ssl
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import aiosmtplib

from shared.db import uuid7
from shared.settings import Settings

TIMEOUT_SECONDS = 30.0


class MailRefused(Exception):
    """The server took nothing. `permanent` (5xx) means that the same mail will not be taken later either."""

    def __init__(self, said: str, *, permanent: bool) -> None:
        super().__init__(said)
        self.permanent = permanent


class SmtpMailer:
    """Sends through at most `smtp_connections` connections. A connection that failed is not used again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: asyncio.LifoQueue[aiosmtplib.SMTP | None] = asyncio.LifoQueue()
        self._context = _tls(settings)
        for _ in range(settings.smtp_connections):
            self._idle.put_nowait(None)

    async def send(self, message: bytes, sender: str, to: Sequence[str]) -> None:
        """Returns when the server has accepted the message. Raises MailRefused, or OSError/TimeoutError
        when the answer was lost: the server may then have it, and the same Message-ID must go again."""
        client = await self._idle.get()
        try:
            if client is None or not client.is_connected:
                client = await self._connect()
            await client.sendmail(sender, list(to), message)
        except BaseException as error:
            if client is not None:
                _drop(client)
            client = None
            raise _named(error) from error
        finally:
            self._idle.put_nowait(client)

    async def check(self) -> None:
        """Connects, logs in and leaves. Raises as `send` does."""
        try:
            client = await self._connect()
            await client.quit()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _named(error) from error

    async def _connect(self) -> aiosmtplib.SMTP:
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            timeout=TIMEOUT_SECONDS,
            use_tls=settings.smtp_security == "ssl",
            start_tls=settings.smtp_security == "starttls",
            tls_context=self._context,
        )
        await client.connect()
        try:
            if settings.smtp_user:
                await client.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        except BaseException:
            _drop(client)
            raise
        return client

    async def close(self) -> None:
        while not self._idle.empty():
            client = self._idle.get_nowait()
            if client is not None:
                with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):  # good manners only
                    await client.quit()


class MaildirMailer:
    """Writes each mail into a Maildir: the outgoing side of a Callboard without a mail server."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        for folder in ("tmp", "new", "cur"):
            (self._path / folder).mkdir(parents=True, exist_ok=True)

    async def send(self, message: bytes, sender: str, to: Sequence[str]) -> None:
        header = f"Return-Path: <{sender}>\r\nDelivered-To: {', '.join(to)}\r\n".encode()
        await asyncio.to_thread(self._write, header + message)

    async def check(self) -> None:
        """Raises OSError where mail cannot be written."""
        for folder in ("tmp", "new"):
            if not os.access(self._path / folder, os.W_OK | os.X_OK):
                raise PermissionError(f"{self._path / folder} cannot be written to")

    def _write(self, message: bytes) -> None:
        name = f"{time.time():.6f}.{uuid7().hex}.callboard"
        written = self._path / "tmp" / name
        with written.open("wb") as file:
            file.write(message)
            file.flush()
            os.fsync(file.fileno())
        written.rename(self._path / "new" / name)

    async def close(self) -> None:
        return None


Mailer = SmtpMailer | MaildirMailer


@asynccontextmanager
async def open_mailer(settings: Settings) -> AsyncGenerator[Mailer]:
    mailer = SmtpMailer(settings) if settings.smtp_host else MaildirMailer(settings.mail_dir)
    try:
        yield mailer
    finally:
        await mailer.close()


def _drop(client: aiosmtplib.SMTP) -> None:
    """At once: an encrypted connection that is closed politely waits half a minute for the other side."""
    if client.transport is not None:
        cast(asyncio.Transport, client.transport).abort()
    client.close()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.smtp_security == "none":
        return None
    context = ssl.create_default_context(cafile=settings.smtp_ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _named(error: BaseException) -> BaseException:
    """One error for the sender to read; what the server said is kept short and holds no password."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return MailRefused(f"login refused ({error.code}): check the SMTP user and password", permanent=False)
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        worst = max(error.recipients, key=lambda refused: refused.code)
        return MailRefused(f"{worst.code} {worst.message}"[:300], permanent=worst.code >= 500)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return MailRefused(f"{error.code} {error.message}"[:300], permanent=error.code >= 500)
    if isinstance(error, aiosmtplib.SMTPException):
        return MailRefused(f"{type(error).__name__}: {error}"[:300], permanent=False)
    return error
