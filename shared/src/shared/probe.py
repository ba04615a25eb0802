"""Tries a mail server step by step, and says in plain words which step fails."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple

import aiosmtplib

from shared.hosts import HostRefused
from shared.settings import Settings
from shared.smarthost import Smarthost, drop, greeted, tls_context
from shared.submission import TIMEOUT_SECONDS


class Step(NamedTuple):
    """`name`: reach, tls, logon, sender, recipient, message; `detail` is what was found."""

    name: str
    ok: bool
    detail: str


class _Failed(Exception):
    """The step that failed; the rest is not tried."""


async def probe(
    settings: Settings, smarthost: Smarthost, *, message: bytes, sender: str, to: str
) -> list[Step]:
    """Sends `message` and reports each step; the last one is the one that failed, if any did."""
    steps: list[Step] = []
    try:
        async with asyncio.timeout(4 * TIMEOUT_SECONDS):
            await _probe(settings, smarthost, steps, message=message, sender=sender, to=to)
    except _Failed:
        pass
    except TimeoutError:
        steps.append(Step("message", False, "The server became silent. Try again later."))
    return steps


async def _probe(
    settings: Settings, smarthost: Smarthost, steps: list[Step], *, message: bytes, sender: str, to: str
) -> None:
    where = f"{smarthost.host}, port {smarthost.port}"
    async with _step(steps, "tls" if smarthost.security == "ssl" else "reach", where):
        client = await greeted(settings, smarthost, tls_context(settings, smarthost))
    try:
        if smarthost.security == "ssl":
            steps.insert(0, Step("reach", True, where))
        if smarthost.security == "starttls":
            async with _step(steps, "tls", f"encrypted, certificate valid for {smarthost.host}"):
                await client.starttls(server_hostname=smarthost.host)
        if smarthost.user:
            async with _step(steps, "logon", f"logged on as {smarthost.user}"):
                await client.login(smarthost.user, smarthost.password.get_secret_value())
        async with _step(steps, "sender", f"{sender} may send"):
            await client.mail(sender)
        async with _step(steps, "recipient", f"{to} is taken"):
            await client.rcpt(to)
        async with _step(steps, "message", "The server has taken the test mail."):
            await client.data(message)
    finally:
        drop(client)


@asynccontextmanager
async def _step(steps: list[Step], name: str, found: str) -> AsyncGenerator[None]:
    try:
        yield
    except (aiosmtplib.SMTPException, HostRefused, OSError, TimeoutError) as error:
        encrypting = isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError)
        failed = "reach" if name == "tls" and not encrypting and _unreached(error) else name
        steps.append(Step(failed, False, _said(failed, error)))
        raise _Failed from error
    steps.append(Step(name, True, found))


def _unreached(error: BaseException) -> bool:
    return isinstance(error, (HostRefused, OSError, TimeoutError, aiosmtplib.SMTPConnectError))


_HELP = {
    "reach": "Check the server name and the port: 587 with STARTTLS, 465 with SSL.",
    "tls": "Check security and port: STARTTLS is usually 587, SSL 465; the name must be the certificate's.",
    "logon": "Check the login user and password; some providers want an app password.",
    "sender": "Use a sender address that this login may send from.",
    "recipient": "Check the address of the recipient.",
    "message": "See what the server says.",
}


def _said(name: str, error: BaseException) -> str:
    """What the server answered, or what happened; never a password."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        said = f"The server refused the login ({error.code})"
    elif isinstance(error, aiosmtplib.SMTPResponseException):
        said = f"The server answered {error.code} {error.message}"[:300]
    elif isinstance(error, HostRefused):
        said = str(error)
    elif isinstance(error, TimeoutError | aiosmtplib.SMTPTimeoutError):
        said = "The server does not answer"
    else:
        said = str(error.__cause__ or error)[:200] or type(error).__name__
    return f"{said}. {_HELP[name]}"
