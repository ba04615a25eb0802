"""Outgoing mail: a few connections kept open and reused, or a Maildir where no mail server is configured."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosmtplib

from shared.db import uuid7
from shared.hosts import HostRefused
from shared.settings import Settings
from shared.smarthost import Smarthost, connect, tls_context
from shared.submission import Submission


class MailRefused(Exception):
    """The server took nothing. `permanent` (5xx) means that the same mail will not be taken later either."""

    def __init__(self, said: str, *, permanent: bool) -> None:
        super().__init__(said)
        self.permanent = permanent


class SmtpMailer:
    """Sends through at most `smtp_connections` connections. A connection that failed is not used again."""

    def __init__(self, settings: Settings, smarthost: Smarthost) -> None:
        self._settings, self._smarthost = settings, smarthost
        self._idle: asyncio.LifoQueue[Submission | None] = asyncio.LifoQueue()
        self._context = tls_context(settings, smarthost)
        for _ in range(settings.smtp_connections):
            self._idle.put_nowait(None)

    async def send(self, message: bytes, sender: str, to: str) -> None:
        """Returns when the server has accepted the message. Raises MailRefused, or OSError/TimeoutError
        when the answer was lost: the server may then have it, and the same Message-ID must go again.
        Raises ValueError for an address that is none, or a line that does not end in CRLF."""
        submission = await self._idle.get()
        try:
            if submission is None or not submission.usable:
                submission = await self._connect()
            await submission.send(message, sender, to)
        except BaseException as error:
            if submission is not None:
                submission.drop()
            submission = None
            raise named(error) from error
        finally:
            self._idle.put_nowait(submission)

    async def check(self) -> None:
        """Connects, logs in and leaves. Raises as `send` does."""
        try:
            submission = await self._connect()
            await submission.quit()
        except (aiosmtplib.SMTPException, HostRefused, OSError) as error:
            raise named(error) from error

    async def _connect(self) -> Submission:
        return await connect(self._settings, self._smarthost, self._context)

    async def close(self) -> None:
        while not self._idle.empty():
            submission = self._idle.get_nowait()
            if submission is not None:
                await submission.quit()


class MaildirMailer:
    """Writes each mail into a Maildir: the outgoing side of a Callboard without a mail server."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        for folder in ("tmp", "new", "cur"):
            (self._path / folder).mkdir(parents=True, exist_ok=True)

    async def send(self, message: bytes, sender: str, to: str) -> None:
        header = f"Return-Path: <{sender}>\r\nDelivered-To: {to}\r\n".encode()
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


class Mailers:
    """The mailer for a smarthost that may change while we run: one is open at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._smarthost: Smarthost | None = None
        self._mailer: Mailer | None = None

    async def through(self, smarthost: Smarthost | None) -> Mailer:
        """Without a smarthost, mail goes into the Maildir."""
        if self._mailer is None or smarthost != self._smarthost:
            before, self._mailer = self._mailer, _mailer(self._settings, smarthost)
            self._smarthost = smarthost
            if before is not None:
                await before.close()
        return self._mailer

    async def close(self) -> None:
        if self._mailer is not None:
            await self._mailer.close()


@asynccontextmanager
async def open_mailers(settings: Settings) -> AsyncGenerator[Mailers]:
    mailers = Mailers(settings)
    try:
        yield mailers
    finally:
        await mailers.close()


@asynccontextmanager
async def open_mailer(settings: Settings) -> AsyncGenerator[Mailer]:
    """The one that the environment names."""
    async with open_mailers(settings) as mailers:
        yield await mailers.through(Smarthost.of(settings))


def _mailer(settings: Settings, smarthost: Smarthost | None) -> Mailer:
    return SmtpMailer(settings, smarthost) if smarthost else MaildirMailer(settings.mail_dir)


def named(error: BaseException) -> BaseException:
    """One error for the sender to read; what the server said is kept short and holds no password."""
    if isinstance(error, HostRefused):
        return MailRefused(str(error), permanent=False)
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return MailRefused(f"login refused ({error.code}): check the SMTP user and password", permanent=False)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return MailRefused(f"{error.code} {error.message}"[:300], permanent=error.code >= 500)
    if isinstance(error, aiosmtplib.SMTPException):
        return MailRefused(f"{type(error).__name__}: {error}"[:300], permanent=False)
    return error
